-- What was known of each person at the last build that came to its end.

{{ micdm.after_all_models() }}

with

built as (
    select * from {{ ref('person_state') }}
)

{{ micdm.if_all_models('built') }}
