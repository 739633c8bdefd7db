-- Everything that did not go on to the next stage, with its patient: quality.quarantine shows it.

with

file as (
    select
        patient_id,
        'staged_file' as stage,
        'file' as grain,
        uri as entity,
        container_member,
        case
            when not is_current then 'superseded'
            else reason_code
        end as reason_code,
        message,
        run_id
    from {{ ref('stg_dicom_file') }}
    where not is_current or event_type <> 'staged'
),

instance as (
    select
        coalesce(patient_id, '') as patient_id,
        'instance' as stage,
        'instance' as grain,
        uri as entity,
        container_member,
        reason_code,
        sop_instance_uid as message,
        run_id
    from {{ ref('int_instance') }}
    where reason_code is not null
),

image as (
    select
        coalesce(patient_id, '') as patient_id,
        'image' as stage,
        'instance' as grain,
        uri as entity,
        container_member,
        'not_an_image' as reason_code,
        sop_class_uid as message,
        run_id
    from {{ ref('int_instance') }}
    where reason_code is null and not is_image
),

series as (
    select
        coalesce(patient_id, '') as patient_id,
        'series' as stage,
        'series' as grain,
        series_instance_uid as entity,
        {{ micdm.null_of(dbt.type_string()) }} as container_member,
        reason_code,
        {{ micdm.null_of(dbt.type_string()) }} as message,
        {{ micdm.null_of(dbt.type_string()) }} as run_id
    from {{ ref('int_series') }}
    where reason_code is not null
),

-- Its series did not become an image occurrence, so neither can it be found through one.
instance_of_series as (
    select
        coalesce(series.patient_id, '') as patient_id,
        'image_instance' as stage,
        'instance' as grain,
        instance.uri as entity,
        instance.container_member,
        'series_quarantined' as reason_code,
        series.reason_code as message,
        instance.run_id
    from {{ ref('int_image_instance') }} as instance
    inner join {{ ref('int_series') }} as series
        on instance.series_instance_uid = series.series_instance_uid
    where series.reason_code is not null
),

-- Values that a rule selected but that do not become a row; the message says which attribute.
parameter as (
    select
        series_instance_uid,
        path,
        reason_code
    from {{ ref('int_series_parameter') }}
    where reason_code is not null
    union all
    select
        series_instance_uid,
        path,
        reason_code
    from {{ ref('int_derived_parameter') }}
    where reason_code is not null
),

value as (
    select
        coalesce(image_series.patient_id, '') as patient_id,
        'parameter' as stage,
        'value' as grain,
        parameter.series_instance_uid as entity,
        {{ micdm.null_of(dbt.type_string()) }} as container_member,
        parameter.reason_code,
        parameter.path as message,
        {{ micdm.null_of(dbt.type_string()) }} as run_id
    from parameter
    inner join {{ ref('int_image_series') }} as image_series
        on parameter.series_instance_uid = image_series.series_instance_uid
),

report as (
    select
        coalesce(patient_id, '') as patient_id,
        'report' as stage,
        'report' as grain,
        sop_instance_uid as entity,
        {{ micdm.null_of(dbt.type_string()) }} as container_member,
        reason_code,
        title_meaning as message,
        run_id
    from {{ ref('int_report') }}
    where reason_code is not null
),

-- Numbers and codes of reports; the message says where in the report.
report_item as (
    select
        coalesce(report.patient_id, '') as patient_id,
        'report_item' as stage,
        'report_item' as grain,
        item.sop_instance_uid as entity,
        {{ micdm.null_of(dbt.type_string()) }} as container_member,
        item.use_reason as reason_code,
        item.path as message,
        {{ micdm.null_of(dbt.type_string()) }} as run_id
    from {{ ref('int_report_value') }} as item
    inner join {{ ref('int_report') }} as report
        on item.sop_instance_uid = report.sop_instance_uid
    where item.use_reason is not null
),

-- What reports, segmentations and algorithms found that does not become a feature.
object_patient as (
    select
        sop_instance_uid,
        min({{ micdm.byte_order('patient_id') }}) as patient_id
    from {{ ref('int_instance') }}
    where reason_code is null
    group by sop_instance_uid
),

-- Of the patient that was read for it: the series may be there no more.
result_patient as (
    select distinct
        series_instance_uid,
        patient_id
    from {{ ref('stg_algorithm_result') }}
),

finding_feature as (
    select
        coalesce(object_patient.patient_id, result_patient.patient_id) as patient_id,
        case feature.source when 'report' then 'report_item' else feature.source end as stage,
        case feature.source
            when 'report' then 'report_item' when 'segmentation' then 'segment' else 'result'
        end
            as grain,
        coalesce(feature.sop_instance_uid, feature.series_instance_uid) as entity,
        {{ micdm.null_of(dbt.type_string()) }} as container_member,
        feature.reason_code,
        feature.source_path as message,
        {{ micdm.null_of(dbt.type_string()) }} as run_id
    from {{ ref('int_finding_feature') }} as feature
    left join object_patient
        on
            feature.sop_instance_uid = object_patient.sop_instance_uid
            and feature.source <> 'algorithm_result'
    left join result_patient
        on
            feature.series_instance_uid = result_patient.series_instance_uid
            and feature.source = 'algorithm_result'
    where feature.reason_code is not null
),

everything as (
    select * from file
    union all
    select * from instance
    union all
    select * from image
    union all
    select * from series
    union all
    select * from instance_of_series
    union all
    select * from value
    union all
    select * from report
    union all
    select * from report_item
    union all
    select * from finding_feature
)

select
    patient_id,
    stage,
    grain,
    entity,
    container_member,
    reason_code,
    message,
    run_id
from everything
