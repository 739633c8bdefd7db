-- One row per image series: the folder that holds most of its files (ties: the first in byte
-- order), and how many folders there are.

with

counted as (
    select
        series_instance_uid,
        {{ micdm.image_folder('uri', 'container_member') }} as local_path,
        count(*) as instance_count
    from {{ ref('int_image_instance') }}
    group by series_instance_uid, {{ micdm.image_folder('uri', 'container_member') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by series_instance_uid
            order by instance_count desc, {{ micdm.byte_order('local_path') }}
        ) as preference,
        count(*) over (partition by series_instance_uid) as folder_count
    from counted
)

select
    series_instance_uid,
    local_path,
    folder_count
from ranked
where preference = 1
