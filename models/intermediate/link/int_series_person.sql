-- One row per candidate series: the person it belongs to, and how the link was made. There is no
-- site CDM yet to match against: persons are created from the headers, never guessed.

with

series as (
    select * from {{ ref('int_series_candidate') }}
    where reason_code is null
),

patient as (
    select * from {{ ref('int_patient') }}
),

registry as (
    select * from {{ ref('person_registry') }}
)

select
    series.series_instance_uid,
    registry.person_id,
    case when patient.reason_code is null then 'created' end as person_match_method,
    patient.reason_code
from series
inner join patient
    on
        series.patient_id = patient.patient_id
        and series.issuer_of_patient_id = patient.issuer_of_patient_id
left join registry
    on
        patient.patient_id = registry.patient_id
        and patient.issuer_of_patient_id = registry.issuer_of_patient_id
        and patient.reason_code is null
