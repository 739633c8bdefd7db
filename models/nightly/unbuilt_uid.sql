-- What the unbuilt runs have or name; nothing in a whole build, which asks no such thing.

with

run as (
    select unbuilt_run.*
    from {{ ref('unbuilt_run') }} as unbuilt_run
    inner join {{ ref('build_plan') }} as build_plan
        on build_plan.mode = 'nightly'
)

select named.uid
from {{ ref('patient_uid') }} as named
inner join run
    on
        named.run_id = run.run_id
        and run.run_kind = 'extract'
where {{ micdm.is_of_unbuilt_run('named.run_id') }}
union
-- What can't be read any more, or is gone.
select {{ micdm.file_place('rejected.uri', 'rejected.container_member') }} as uid
from {{ source('raw_dicom', 'dicom_rejected') }} as rejected
inner join run
    on
        rejected.run_id = run.run_id
        and run.run_kind = 'extract'
union
select result.series_instance_uid as uid
from {{ source('raw_dicom', 'algorithm_result') }} as result
inner join run
    on
        result.run_id = run.run_id
        and run.run_kind = 'result'
