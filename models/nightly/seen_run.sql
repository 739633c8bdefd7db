-- The staged runs that this build reads, fixed at its start, each with its number of rows: a run
-- that was killed may go on, and parts of a run may be taken out of the folder.

with

counted as (
    select
        run_id,
        count(*) as row_count
    from (
        select run_id from {{ source('raw_dicom', 'dicom_instance') }}
        union all
        select run_id from {{ source('raw_dicom', 'dicom_rejected') }}
    ) as staged
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
    cast(coalesce(sum(accepted), 0) as bigint) as row_count
from {{ source('raw_dicom', 'algorithm_result_load') }}
group by run_id
