-- The persons that each patient was, or might be, at the last build that came to its end.

{{ micdm.after_all_models() }}

with

built as (
    select
        patient_id,
        person_id,
        way
    from {{ ref('patient_candidate') }}
    union
    select
        patient_id,
        person_id,
        'person_registry' as way
    from {{ ref('person_registry') }}
)

{{ micdm.if_all_models('built') }}
