-- Source values that have no concept, by the field they would fill: the worklist of whoever maps a
-- site's values. `work_order` 1 is the value whose mapping would win most series.

with

series as (
    select
        series.series_instance_uid,
        series.study_instance_uid,
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

detail as (
    select * from {{ ref('image_occurrence_detail') }}
),

procedure_code as (
    select * from {{ ref('int_procedure_code') }}
    where procedure_source_concept_id = 0
),

device as (
    select * from {{ ref('int_series_device') }}
    where manufacturer_status = 'unmapped'
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
        detail.laterality_source as source_path,
        detail.laterality_source_value as source_value,
        'unmapped' as status,
        registry.series_instance_uid
    from detail
    inner join {{ ref('image_occurrence_registry') }} as registry
        on detail.image_occurrence_id = registry.image_occurrence_id
    where detail.laterality_concept_id = 0
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
),

counted as (
    select
        field,
        source_path,
        source_value,
        status,
        count(distinct series_instance_uid) as series_count,
        count(*) as row_count
    from unmapped
    group by field, source_path, source_value, status
)

select
    row_number() over (
        order by
            series_count desc,
            row_count desc,
            {{ micdm.byte_order('field') }},
            {{ micdm.byte_order('source_path') }},
            {{ micdm.byte_order('source_value') }},
            {{ micdm.byte_order('status') }}
    ) as work_order,
    field,
    source_path,
    source_value,
    status,
    series_count,
    row_count
from counted
order by work_order
