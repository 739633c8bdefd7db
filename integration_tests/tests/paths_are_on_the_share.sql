-- The hook replaced the mount point in every path.

select
    image_occurrence_id,
    local_path
from {{ ref('micdm', 'image_occurrence') }}
where local_path like '{{ var("image_mount") }}/%'
