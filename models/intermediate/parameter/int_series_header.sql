-- One row per image series and header, with how many instances have the header: headers are shared
-- by many slices, so what they say is counted once and unfolded after.

select
    series_instance_uid,
    header_id,
    count(*) as instance_count
from {{ ref('int_image_instance') }}
group by series_instance_uid, header_id
