-- One row per person with images and without an observation period in the site's CDM: from the
-- first image to the last. The site's own periods are left as they are.

select
    series.person_id,
    min(series.image_date) as observation_period_start_date,
    max(series.image_date) as observation_period_end_date
from {{ ref('int_image_series') }} as series
where
    not exists (
        select 1
        from {{ ref('stg_cdm_observation_period') }} as site
        where site.person_id = series.person_id
    )
group by series.person_id
