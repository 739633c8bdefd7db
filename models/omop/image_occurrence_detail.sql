{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='image_occurrence_id'
) }}

with

series as (
    select * from {{ ref('int_image_series') }}
),

registry as (
    select * from {{ ref('image_occurrence_registry') }}
),

anatomy as (
    select * from {{ ref('int_series_anatomy') }}
),

laterality as (
    select * from {{ ref('int_series_laterality') }}
),

laterality_concept as (
    select * from {{ ref('int_laterality_concept') }}
),

description as (
    select * from {{ ref('int_series_description') }}
),

device as (
    select * from {{ ref('int_series_device') }}
),

site_procedure as (
    select * from {{ ref('int_series_procedure') }}
),

procedure_concept as (
    select * from {{ ref('int_procedure_concept') }}
),

content as (
    select * from {{ ref('int_series_content') }}
),

folder as (
    select * from {{ ref('int_series_folder') }}
)

select
    registry.image_occurrence_id,
    series.image_datetime,
    series.image_date_source,
    series.timezone_offset_from_utc,
    content.accession_number,
    description.study_description,
    description.series_description,
    description.protocol_name,
    series.modality,
    series.modality_source_value,
    series.modality_source,
    cast(series.modality_value_count as integer) as modality_value_count,
    anatomy.anatomic_site_source_value,
    anatomy.anatomic_site_source,
    anatomy.anatomic_site_status,
    anatomy.anatomic_site_words,
    laterality.laterality_source_value,
    laterality.laterality_source,
    case
        when laterality.laterality_count = 0 then 0
        else laterality_concept.laterality_concept_id
    end as laterality_concept_id,
    device.manufacturer,
    device.manufacturer_group,
    device.manufacturer_source_value,
    device.manufacturer_model_name,
    content.sop_class_uid,
    cast(content.instance_count as integer) as instance_count,
    content.frame_count,
    cast(content.header_count as integer) as header_count,
    cast(folder.folder_count as integer) as folder_count,
    series.person_match_method,
    coalesce(
        site_procedure.procedure_match_method, procedure_concept.procedure_match_method
    ) as procedure_match_method,
    series.visit_match_method
from series
inner join registry
    on series.series_instance_uid = registry.series_instance_uid
inner join anatomy
    on series.series_instance_uid = anatomy.series_instance_uid
inner join content
    on series.series_instance_uid = content.series_instance_uid
inner join folder
    on series.series_instance_uid = folder.series_instance_uid
left join site_procedure
    on series.series_instance_uid = site_procedure.series_instance_uid
left join procedure_concept
    on
        series.study_instance_uid = procedure_concept.study_instance_uid
        and series.modality = procedure_concept.modality
left join laterality
    on series.series_instance_uid = laterality.series_instance_uid
left join laterality_concept
    on laterality.laterality = laterality_concept.laterality
left join description
    on series.series_instance_uid = description.series_instance_uid
left join device
    on series.series_instance_uid = device.series_instance_uid
order by registry.image_occurrence_id
