-- Everything that did not go on to the next stage, and why: files, instances, series, values. Info
-- rows were set aside by design (an SR is no image); warnings and errors want a look.

with

reason as (
    select * from {{ ref('reason_code') }}
),

file as (
    select
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
        'report_item' as stage,
        'report_item' as grain,
        sop_instance_uid as entity,
        {{ micdm.null_of(dbt.type_string()) }} as container_member,
        use_reason as reason_code,
        path as message,
        {{ micdm.null_of(dbt.type_string()) }} as run_id
    from {{ ref('int_report_value') }}
    where use_reason is not null
),

-- Rows of algorithm results that the loader set aside; the message says which.
rejected_result as (
    select
        'load_results' as stage,
        'result' as grain,
        loaded.uri as entity,
        {{ micdm.null_of(dbt.type_string()) }} as container_member,
        rejected.reason_code,
        'row ' || cast(rejected.result_row as {{ dbt.type_string() }})
        || coalesce(': ' || rejected.column_name, '') as message,
        rejected.run_id
    from {{ ref('stg_algorithm_result_rejected') }} as rejected
    inner join {{ ref('stg_algorithm_result_load') }} as loaded
        on
            rejected.run_id = loaded.run_id
            and rejected.file_number = loaded.file_number
),

-- What reports, segmentations and algorithms found that does not become a feature.
finding_feature as (
    select
        case source when 'report' then 'report_item' else source end as stage,
        case source
            when 'report' then 'report_item' when 'segmentation' then 'segment' else 'result'
        end
            as grain,
        coalesce(sop_instance_uid, series_instance_uid) as entity,
        {{ micdm.null_of(dbt.type_string()) }} as container_member,
        reason_code,
        source_path as message,
        {{ micdm.null_of(dbt.type_string()) }} as run_id
    from {{ ref('int_finding_feature') }}
    where reason_code is not null
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
    select * from rejected_result
    union all
    select * from finding_feature
)

select
    everything.stage,
    everything.grain,
    everything.entity,
    everything.container_member,
    everything.reason_code,
    coalesce(reason.severity, 'error') as severity,
    everything.message,
    everything.run_id
from everything
left join reason
    on everything.reason_code = reason.reason_code
