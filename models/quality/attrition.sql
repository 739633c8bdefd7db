-- One row a stage: rows in = rows out + rows quarantined. Each number is counted on its own table,
-- so that a join that loses or doubles rows shows, and so does a nightly run that leaves out or
-- doubles what it did not touch.

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
        sum(is_instance) as instances,
        sum(1 - is_instance) as rejected
    from (
        select
            run_id,
            1 as is_instance
        from {{ source('raw_dicom', 'dicom_instance') }}
        union all
        select
            run_id,
            0 as is_instance
        from {{ source('raw_dicom', 'dicom_rejected') }}
        -- Found gone, so not read.
        where reason_code <> 'file_deleted'
    ) as file
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

counted as (
    select
        stage,
        sum(rows_in) as rows_in,
        sum(rows_out) as rows_out
    from {{ ref('ledger_attrition') }}
    group by stage
    union all
    -- What the loader says it read against what is there.
    select
        'load_results' as stage,
        sum(result_rows) as rows_in,
        null as rows_out
    from {{ ref('stg_algorithm_result_load') }}
),

feature as (
    select
        origin,
        count(*) as row_count
    from {{ ref('image_feature_detail') }}
    group by origin
),

-- Measurements that are features of findings; the others came from headers.
finding_measurement as (
    select count(*) as row_count
    from {{ ref('image_feature_detail') }} as detail
    inner join {{ ref('image_feature') }} as image_feature
        on detail.image_feature_id = image_feature.image_feature_id
    where
        detail.origin in ('report', 'segmentation', 'algorithm_result')
        and image_feature.image_feature_event_field_concept_id
        = {{ micdm.cdm_concept('table_measurement') }}
),

own_measurement as (
    select count(*) as row_count
    from {{ ref('measurement') }}
    where {{ micdm.is_own('measurement', 'measurement_id') }}
),

-- Each stage, and the table that says what came out of it: the ledger itself where none lasts.
stage as (
    {% set out_of = {
        'staged_file': ('file', none),
        'instance': ('instance', none),
        'image': ('instance', none),
        'series': ('series', "(select count(*) from " ~ ref('image_occurrence') ~ ")"),
        'image_instance': ('instance', "(select count(*) from " ~ ref('image_instance') ~ ")"),
        'parameter': (
            'value',
            '(select row_count from own_measurement) - (select row_count from finding_measurement)'
        ),
        'report': ('report', none),
        'report_item': ('item', "(select sum(row_count) from feature where origin = 'report')"),
        'segmentation': (
            'segment', "(select sum(row_count) from feature where origin = 'segmentation')"
        ),
        'load_results': (
            'result', "(select count(*) from " ~ source('raw_dicom', 'algorithm_result') ~ ")"
        ),
        'algorithm_result': (
            'result', "(select sum(row_count) from feature where origin = 'algorithm_result')"
        ),
    } %}
    {% for stage, (grain, rows_out) in out_of.items() %}
    select
        {{ loop.index + 1 }} as stage_order,
        '{{ stage }}' as stage,
        '{{ grain }}' as grain,
        (
            select rows_in from counted
            where stage = '{{ stage }}'
        ) as rows_in,
        {% if rows_out %}
        {{ rows_out }} as rows_out
        {% else %}
        (
            select rows_out from counted
            where stage = '{{ stage }}'
        ) as rows_out
        {% endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
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
    cast(coalesce(stage.rows_in, 0) as bigint) as rows_in,
    cast(coalesce(stage.rows_out, 0) as bigint) as rows_out,
    cast(coalesce(quarantined.row_count, 0) as bigint) as rows_quarantined
from stage
left join quarantined
    on stage.stage = quarantined.stage
