-- Source values that have no concept, by the field they would fill and how many series have them:
-- the worklist of whoever maps a site's values.

with

series as (
    select
        series.series_instance_uid,
        series.modality,
        series.reason_code,
        series.modality_source_value
    from {{ ref('int_series') }} as series
),

anatomy as (
    select * from {{ ref('int_series_anatomy') }}
),

parameter as (
    select * from {{ ref('int_acquisition_parameter') }}
),

modality_concept as (
    select * from {{ ref('int_modality_concept') }}
),

detail as (
    select * from {{ ref('image_occurrence_detail') }}
),

unmapped as (
    select
        'modality_concept_id' as field,
        'Modality' as source_path,
        modality_source_value as source_value,
        series_instance_uid
    from series
    where reason_code = 'unknown_modality'
    union all
    select
        'procedure_concept_id' as field,
        'Modality' as source_path,
        series.modality as source_value,
        series.series_instance_uid
    from series
    inner join modality_concept
        on series.modality = modality_concept.modality
    where series.reason_code is null and modality_concept.standard_concept_id = 0
    union all
    select
        'anatomic_site_concept_id' as field,
        anatomy.anatomic_site_source as source_path,
        anatomy.anatomic_site_source_value as source_value,
        anatomy.series_instance_uid
    from anatomy
    inner join series
        on anatomy.series_instance_uid = series.series_instance_uid
    where series.reason_code is null and anatomy.anatomic_site_status = 'unmapped'
    union all
    select
        'laterality_concept_id' as field,
        detail.laterality_source as source_path,
        detail.laterality_source_value as source_value,
        registry.series_instance_uid
    from detail
    inner join {{ ref('image_occurrence_registry') }} as registry
        on detail.image_occurrence_id = registry.image_occurrence_id
    where detail.laterality_concept_id = 0
    union all
    select
        'measurement_concept_id' as field,
        path as source_path,
        tag as source_value,
        series_instance_uid
    from parameter
    where measurement_concept_id = 0
    union all
    select
        'unit_concept_id' as field,
        path as source_path,
        unit_code as source_value,
        series_instance_uid
    from parameter
    where unit_concept_id = 0
    union all
    select
        'value_as_concept_id' as field,
        path as source_path,
        case
            when coding_scheme <> '' then coding_scheme || ':' || value_key
            else value_key
        end as source_value,
        series_instance_uid
    from parameter
    where value_as_concept_id = 0
)

select
    field,
    source_path,
    source_value,
    count(distinct series_instance_uid) as series_count,
    count(*) as row_count
from unmapped
group by field, source_path, source_value
