-- The persons whom this build may change: those that the patients it reads are, may be or were, and
-- those of whom the site's CDM says something new.

{% set built_candidate = load_relation(micdm.nightly_relation('built_candidate')) %}

with

candidate as (
    select
        patient_id,
        person_id
    from {{ ref('patient_candidate') }}
    union all
    select
        patient_id,
        person_id
    from {{ ref('person_registry') }}
    {% if built_candidate %}
    union all
    select
        patient_id,
        person_id
    from {{ built_candidate }} as last_candidate
    {% endif %}
)

select candidate.person_id
from candidate
inner join {{ ref('affected_patient') }} as patient
    on candidate.patient_id = patient.patient_id
union
select person_id from {{ ref('changed_person') }}
