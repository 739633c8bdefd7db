-- What the site said of each accession number at the last build that came to its end.

{{ micdm.after_all_models() }}

with

built as (
    select * from {{ ref('accession_state') }}
)

{{ micdm.if_all_models('built') }}
