-- Rows in and, where they are not in a table that lasts, rows out of each stage, by patient: what
-- quality.attrition adds up and compares.

with

usable_instance as (
    select * from {{ ref('int_instance') }}
    where reason_code is null
),

-- Values that the rules selected, and derived ones.
parameter as (
    select series_instance_uid from {{ ref('int_series_parameter') }}
    union all
    select series_instance_uid from {{ ref('int_derived_parameter') }}
),

report as (
    select * from {{ ref('int_report') }}
),

row_in as (
    select
        'staged_file' as stage,
        patient_id
    from {{ ref('stg_dicom_file') }}
    union all
    select
        'instance' as stage,
        coalesce(patient_id, '') as patient_id
    from {{ ref('int_instance_file') }}
    union all
    select
        'image' as stage,
        patient_id
    from usable_instance
    union all
    -- A series that two patients have is one.
    select
        'series' as stage,
        min(patient_id) as patient_id
    from usable_instance
    group by series_instance_uid
    union all
    select
        'image_instance' as stage,
        patient_id
    from {{ ref('int_image_instance') }}
    union all
    select
        'parameter' as stage,
        series.patient_id
    from parameter
    inner join {{ ref('int_image_series') }} as series
        on parameter.series_instance_uid = series.series_instance_uid
    union all
    select
        'report' as stage,
        patient_id
    from report
    union all
    -- Of all usable reports, readable or not: what the staged tree holds.
    select
        'report_item' as stage,
        report.patient_id
    from report
    inner join {{ ref('stg_dicom_sr_item') }} as item
        on
            report.run_id = item.run_id
            and report.file_id = item.file_id
    where {{ micdm.is_report_value('item') }}
    union all
    select
        'segmentation' as stage,
        usable_instance.patient_id
    from usable_instance
    inner join {{ ref('stg_dicom_segment') }} as segment
        on
            usable_instance.run_id = segment.run_id
            and usable_instance.file_id = segment.file_id
    union all
    select
        'algorithm_result' as stage,
        patient_id
    from {{ ref('stg_algorithm_result') }}
),

row_out as (
    select
        'staged_file' as stage,
        coalesce(patient_id, '') as patient_id
    from {{ ref('int_instance_file') }}
    union all
    select
        'instance' as stage,
        patient_id
    from usable_instance
    union all
    select
        'image' as stage,
        patient_id
    from {{ ref('int_image_instance') }}
    union all
    select
        'report' as stage,
        patient_id
    from report
    where reason_code is null
),

everything as (
    select
        stage,
        patient_id,
        1 as row_in,
        0 as row_out
    from row_in
    union all
    select
        stage,
        patient_id,
        0 as row_in,
        1 as row_out
    from row_out
)

select
    patient_id,
    stage,
    cast(sum(row_in) as bigint) as rows_in,
    cast(sum(row_out) as bigint) as rows_out
from everything
group by patient_id, stage
