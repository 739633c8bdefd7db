-- One row per image series with an acquisition date and time: the first and the last.

select
    series_instance_uid,
    min(acquisition_datetime) as first_acquisition_datetime,
    max(acquisition_datetime) as last_acquisition_datetime,
    count(acquisition_datetime) as instance_count,
    -- NULL as well when the instances disagree.
    case
        when count(distinct timezone_offset_from_utc) = 1 then min(timezone_offset_from_utc)
    end as timezone_offset_from_utc
from {{ ref('int_image_instance') }}
where acquisition_datetime is not null
group by series_instance_uid
