-- One row per candidate series: the person it belongs to, and how the link was made: found in the
-- site's CDM, else made from the headers, never guessed.

with

series as (
    select * from {{ ref('int_series_candidate') }}
    where reason_code is null
),

patient as (
    select * from {{ ref('int_patient') }}
),

known as (
    select * from {{ ref('int_person_match') }}
),

person as (
    select
        created.patient_id,
        created.issuer_of_patient_id,
        registry.person_id
    from {{ ref('int_person') }} as created
    inner join {{ ref('person_registry') }} as registry
        on
            created.patient_id = registry.patient_id
            and created.issuer_of_patient_id = registry.issuer_of_patient_id
)

select
    series.series_instance_uid,
    coalesce(known.person_id, person.person_id) as person_id,
    case
        when known.person_id is not null then known.person_match_method
        when person.person_id is not null then 'created'
    end as person_match_method,
    case
        when known.person_id is not null or person.person_id is not null then null
        when known.reason_code is not null then known.reason_code
        {% if micdm.person_policy() == 'quarantine' %}
        else 'person_not_found'
        {% else %}
        else patient.reason_code
        {% endif %}
    end as reason_code
from series
inner join patient
    on
        series.patient_id = patient.patient_id
        and series.issuer_of_patient_id = patient.issuer_of_patient_id
left join known
    on
        series.patient_id = known.patient_id
        and series.issuer_of_patient_id = known.issuer_of_patient_id
left join person
    on
        series.patient_id = person.patient_id
        and series.issuer_of_patient_id = person.issuer_of_patient_id
