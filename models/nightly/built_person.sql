-- What was known of each person at the last build that came to its end.

{{ micdm.after_all_models() }}

select * from {{ ref('person_state') }}
