-- The staged runs that this build reads, fixed at its start. A run that was killed may go on to
-- count: its rows are counted, those of a finished one never change.

with

unfinished as (
    select run_id
    from {{ source('raw_dicom', 'extract_run') }}
    where finished_at is null
),

unfinished_row as (
    select instance.run_id
    from {{ source('raw_dicom', 'dicom_instance') }} as instance
    inner join unfinished
        on instance.run_id = unfinished.run_id
    union all
    select rejected.run_id
    from {{ source('raw_dicom', 'dicom_rejected') }} as rejected
    inner join unfinished
        on rejected.run_id = unfinished.run_id
),

counted as (
    select
        run_id,
        count(*) as row_count
    from unfinished_row
    group by run_id
)

select
    'extract' as run_kind,
    run.run_id,
    cast(coalesce(max(counted.row_count), 0) as bigint) as row_count
from {{ source('raw_dicom', 'extract_run') }} as run
left join counted
    on run.run_id = counted.run_id
group by run.run_id
union all
select
    'result' as run_kind,
    run_id,
    cast(count(*) as bigint) as row_count
from {{ source('raw_dicom', 'algorithm_result_load') }}
group by run_id
