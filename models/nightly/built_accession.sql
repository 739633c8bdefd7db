-- What the site said of each accession number at the last build that came to its end.

{{ micdm.after_all_models() }}

select * from {{ ref('accession_state') }}
