-- Every series with its final verdict: reason_code NULL -> it becomes an image occurrence.

with

candidate as (
    select * from {{ ref('int_series_candidate') }}
),

person as (
    select * from {{ ref('int_series_person') }}
),

visit as (
    select * from {{ ref('int_series_visit') }}
)

select
    candidate.series_instance_uid,
    candidate.study_instance_uid,
    candidate.patient_id,
    candidate.issuer_of_patient_id,
    candidate.modality,
    candidate.modality_source,
    candidate.modality_source_value,
    candidate.modality_status,
    candidate.modality_value_count,
    candidate.modality_contradicts_sop_class,
    candidate.image_date,
    candidate.image_datetime,
    candidate.image_date_source,
    candidate.timezone_offset_from_utc,
    person.person_id,
    person.person_match_method,
    visit.visit_occurrence_id,
    visit.visit_match_method,
    coalesce(candidate.reason_code, person.reason_code) as reason_code
from candidate
left join person
    on candidate.series_instance_uid = person.series_instance_uid
left join visit
    on candidate.series_instance_uid = visit.series_instance_uid
