-- Source values that have no concept, by patient: what quality.unmapped_value adds up.

with

series as (
    select
        series.series_instance_uid,
        series.study_instance_uid,
        coalesce(series.patient_id, '') as patient_id,
        series.modality,
        series.reason_code,
        series.modality_source_value,
        series.modality_status
    from {{ ref('int_series') }} as series
),

-- What each source says: a code without a concept is work even where another source has a site.
anatomy as (
    select * from {{ ref('int_series_anatomy_candidate') }}
),

person as (
    select * from {{ ref('int_person') }}
    where patient_sex is null and stated_sex is not null
),

parameter as (
    select * from {{ ref('int_acquisition_parameter') }}
),

procedure_concept as (
    select * from {{ ref('int_procedure_concept') }}
),

-- A side that another source states too is work all the same.
laterality as (
    select stated.*
    from {{ ref('int_laterality_stated') }} as stated
    left join {{ ref('int_laterality_concept') }} as concept
        on stated.laterality = concept.laterality
    where stated.laterality is null or concept.laterality_concept_id = 0
),

procedure_code as (
    select * from {{ ref('int_procedure_code') }}
    where procedure_source_concept_id = 0
),

device as (
    select * from {{ ref('int_series_device') }}
    where manufacturer_status = 'unmapped'
),

-- Features of reports, segmentations and algorithms, by where they come from.
feature as (
    select * from {{ ref('int_finding_feature') }}
    where reason_code is null
),

unmapped as (
    select
        'modality_concept_id' as field,
        'Modality' as source_path,
        modality_source_value as source_value,
        'unmapped' as status,
        series_instance_uid
    from series
    where
        modality_status = 'unknown'
        and coalesce(reason_code, 'unknown_modality') = 'unknown_modality'
    union all
    select
        'procedure_concept_id' as field,
        'Modality' as source_path,
        series.modality as source_value,
        'unmapped' as status,
        series.series_instance_uid
    from {{ ref('int_series_without_procedure') }} as series
    inner join procedure_concept
        on
            series.study_instance_uid = procedure_concept.study_instance_uid
            and series.modality = procedure_concept.modality
    where procedure_concept.procedure_concept_id = 0
    union all
    select
        'anatomic_site_concept_id' as field,
        anatomy.anatomic_site_source as source_path,
        anatomy.anatomic_site_source_value as source_value,
        anatomy.anatomic_site_status as status,
        anatomy.series_instance_uid
    from anatomy
    inner join series
        on anatomy.series_instance_uid = series.series_instance_uid
    where series.reason_code is null and anatomy.anatomic_site_status in ('unmapped', 'abstained')
    union all
    select
        'gender_concept_id' as field,
        'PatientSex' as source_path,
        person.stated_sex as source_value,
        'unmapped' as status,
        series.series_instance_uid
    from person
    inner join {{ ref('int_image_series') }} as series
        on
            person.patient_id = series.patient_id
            and person.issuer_of_patient_id = series.issuer_of_patient_id
    union all
    select
        'laterality_concept_id' as field,
        laterality.laterality_source as source_path,
        laterality.laterality_source_value as source_value,
        'unmapped' as status,
        laterality.series_instance_uid
    from laterality
    inner join series
        on laterality.series_instance_uid = series.series_instance_uid
    where series.reason_code is null
    union all
    select
        'measurement_concept_id' as field,
        path as source_path,
        coalesce(tag, path) as source_value,
        'unmapped' as status,
        series_instance_uid
    from parameter
    where measurement_concept_id = 0
    union all
    select
        'unit_concept_id' as field,
        path as source_path,
        unit_code as source_value,
        'unmapped' as status,
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
        'unmapped' as status,
        series_instance_uid
    from parameter
    where value_as_concept_id = 0
    union all
    select
        'procedure_source_concept_id' as field,
        procedure_code.path as source_path,
        procedure_code.coding_scheme || ':' || procedure_code.code_value
        || coalesce('|' || procedure_code.code_meaning, '') as source_value,
        'unmapped' as status,
        series.series_instance_uid
    from procedure_code
    inner join {{ ref('int_series_without_procedure') }} as series
        on
            procedure_code.study_instance_uid = series.study_instance_uid
            and procedure_code.modality = series.modality
    union all
    select
        'manufacturer' as field,
        'Manufacturer' as source_path,
        device.manufacturer as source_value,
        'unmapped' as status,
        device.series_instance_uid
    from device
    inner join series
        on device.series_instance_uid = series.series_instance_uid
    where series.reason_code is null
    union all
    select
        'image_feature_concept_id' as field,
        source as source_path,
        concept_scheme
        || ':'
        || concept_code
        || coalesce('|' || concept_meaning, '') as source_value,
        'unmapped' as status,
        series_instance_uid
    from feature
    where feature_concept_id = 0
    union all
    select
        'feature_value_concept_id' as field,
        source as source_path,
        coalesce(value_scheme, '')
        || ':'
        || value_code
        || coalesce('|' || value_meaning, '') as source_value,
        'unmapped' as status,
        series_instance_uid
    from feature
    where value_as_concept_id = 0
    union all
    select
        'feature_unit_concept_id' as field,
        source as source_path,
        unit_source_code as source_value,
        'unmapped' as status,
        series_instance_uid
    from feature
    where unit_concept_id = 0
    union all
    select
        'image_finding_concept_id' as field,
        source as source_path,
        coalesce(finding_scheme, '')
        || ':'
        || finding_code
        || coalesce('|' || finding_meaning, '') as source_value,
        'unmapped' as status,
        series_instance_uid
    from feature
    where finding_concept_id = 0
    union all
    select
        'feature_site_concept_id' as field,
        source as source_path,
        coalesce(site_scheme, '') || ':' || site_code as source_value,
        'unmapped' as status,
        series_instance_uid
    from feature
    where anatomic_site_concept_id = 0 and anatomic_site_source = 'stated'
)

select
    series.patient_id,
    unmapped.field,
    unmapped.source_path,
    unmapped.source_value,
    unmapped.status,
    count(distinct unmapped.series_instance_uid) as series_count,
    count(*) as row_count
from unmapped
inner join series
    on unmapped.series_instance_uid = series.series_instance_uid
group by
    series.patient_id,
    unmapped.field,
    unmapped.source_path,
    unmapped.source_value,
    unmapped.status
