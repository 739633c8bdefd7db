-- One row a stage: rows in = rows out + rows quarantined. Each number is counted on its own table,
-- so that a join that loses or doubles rows shows.

with

quarantined as (
    select
        stage,
        count(*) as row_count
    from {{ ref('quarantine') }}
    group by stage
),

-- A killed run could not count; what it committed is counted in the next stage.
finished_run as (
    select * from {{ ref('stg_extract_run') }}
    where finished_at is not null
),

staged as (
    select
        run_id,
        sum(case when event_type = 'staged' then 1 else 0 end) as instances,
        sum(case when event_type = 'rejected' then 1 else 0 end) as rejected
    from {{ ref('stg_dicom_file') }}
    group by run_id
),

-- What the extractor says it read against what is there: a lost part file shows.
extraction as (
    select
        1 as stage_order,
        'extract' as stage,
        'file' as grain,
        coalesce(sum(finished_run.files - finished_run.unchanged), 0) as rows_in,
        coalesce(sum(staged.instances), 0) as rows_out,
        coalesce(sum(coalesce(staged.rejected, 0) + finished_run.non_dicom), 0) as rows_quarantined
    from finished_run
    left join staged
        on finished_run.run_id = staged.run_id
),

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

-- What of the measurements came from headers; the others are features of findings.
header_feature as (
    select registry.measurement_id
    from {{ ref('int_acquisition_parameter') }} as parameter
    inner join {{ ref('measurement_registry') }} as registry
        on {{ micdm.same_feature('parameter', 'registry') }}
),

report as (
    select * from {{ ref('int_report') }}
),

feature as (
    select * from {{ ref('image_feature_detail') }}
),

stage as (
    select
        2 as stage_order,
        'staged_file' as stage,
        'file' as grain,
        (select count(*) from {{ ref('stg_dicom_file') }}) as rows_in,
        (select count(*) from {{ ref('int_instance_file') }}) as rows_out
    union all
    select
        3 as stage_order,
        'instance' as stage,
        'instance' as grain,
        (select count(*) from {{ ref('int_instance_file') }}) as rows_in,
        (select count(*) from usable_instance) as rows_out
    union all
    select
        4 as stage_order,
        'image' as stage,
        'instance' as grain,
        (select count(*) from usable_instance) as rows_in,
        (select count(*) from {{ ref('int_image_instance') }}) as rows_out
    union all
    select
        5 as stage_order,
        'series' as stage,
        'series' as grain,
        (
            select count(distinct series_instance_uid) from usable_instance
        ) as rows_in,
        (select count(*) from {{ ref('image_occurrence') }}) as rows_out
    union all
    select
        6 as stage_order,
        'image_instance' as stage,
        'instance' as grain,
        (select count(*) from {{ ref('int_image_instance') }}) as rows_in,
        (select count(*) from {{ ref('image_instance') }}) as rows_out
    union all
    select
        7 as stage_order,
        'parameter' as stage,
        'value' as grain,
        (
            select count(*)
            from parameter
            inner join {{ ref('int_image_series') }} as series
                on parameter.series_instance_uid = series.series_instance_uid
        ) as rows_in,
        (
            select count(*)
            from {{ ref('measurement') }} as measurement
            inner join header_feature
                on measurement.measurement_id = header_feature.measurement_id
        ) as rows_out
    union all
    select
        8 as stage_order,
        'report' as stage,
        'report' as grain,
        (select count(*) from report) as rows_in,
        (
            select count(*) from report
            where reason_code is null
        ) as rows_out
    union all
    select
        9 as stage_order,
        'report_item' as stage,
        'item' as grain,
        -- Of all usable reports, readable or not: what the staged tree holds.
        (
            select count(*)
            from report
            inner join {{ ref('stg_dicom_sr_item') }} as item
                on
                    report.run_id = item.run_id
                    and report.file_id = item.file_id
            where {{ micdm.is_report_value('item') }}
        ) as rows_in,
        (
            select count(*) from feature
            where origin = 'report'
        ) as rows_out
    union all
    select
        10 as stage_order,
        'segmentation' as stage,
        'segment' as grain,
        (
            select count(*)
            from usable_instance
            inner join {{ ref('stg_dicom_segment') }} as segment
                on
                    usable_instance.run_id = segment.run_id
                    and usable_instance.file_id = segment.file_id
        ) as rows_in,
        (
            select count(*) from feature
            where origin = 'segmentation'
        ) as rows_out
    union all
    -- What the loader says it read against what is there.
    select
        11 as stage_order,
        'load_results' as stage,
        'result' as grain,
        (
            select coalesce(sum(result_rows), 0) from {{ ref('stg_algorithm_result_load') }}
        ) as rows_in,
        (select count(*) from {{ ref('stg_algorithm_result') }}) as rows_out
    union all
    select
        12 as stage_order,
        'algorithm_result' as stage,
        'result' as grain,
        (select count(*) from {{ ref('stg_algorithm_result') }}) as rows_in,
        (
            select count(*) from feature
            where origin = 'algorithm_result'
        ) as rows_out
)

select
    stage_order,
    stage,
    grain,
    cast(rows_in as bigint) as rows_in,
    cast(rows_out as bigint) as rows_out,
    cast(rows_quarantined as bigint) as rows_quarantined
from extraction
union all
select
    stage.stage_order,
    stage.stage,
    stage.grain,
    cast(stage.rows_in as bigint) as rows_in,
    cast(stage.rows_out as bigint) as rows_out,
    cast(coalesce(quarantined.row_count, 0) as bigint) as rows_quarantined
from stage
left join quarantined
    on stage.stage = quarantined.stage
