{{ config(materialized='view') }}

-- Image series that the site's CDM has no procedure for: one is made for them.

select series.*
from {{ ref('int_image_series') }} as series
left join {{ ref('int_series_procedure') }} as known
    on series.series_instance_uid = known.series_instance_uid
where known.series_instance_uid is null
