-- One row per series with the reason why its headers alone keep it from being an image occurrence;
-- the first that applies counts. What depends on other tables (a person) comes after.

with

identity as (
    select * from {{ ref('int_series_identity') }}
),

modality as (
    select * from {{ ref('int_series_modality') }}
),

series_date as (
    select * from {{ ref('int_series_date') }}
)

select
    identity.series_instance_uid,
    identity.study_instance_uid,
    identity.patient_id,
    identity.issuer_of_patient_id,
    modality.modality,
    modality.modality_source,
    modality.modality_source_value,
    modality.modality_status,
    modality.modality_value_count,
    modality.modality_contradicts_sop_class,
    series_date.image_date,
    series_date.image_datetime,
    series_date.image_date_source,
    series_date.timezone_offset_from_utc,
    case
        when identity.image_instance_count = 0 then 'not_an_image'
        else coalesce(identity.reason_code, modality.reason_code, series_date.reason_code)
    end as reason_code
from identity
left join modality
    on identity.series_instance_uid = modality.series_instance_uid
left join series_date
    on identity.series_instance_uid = series_date.series_instance_uid
