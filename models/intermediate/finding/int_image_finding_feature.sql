{{ config(materialized='view') }}

-- Features of findings that become rows, with the key of the registries and their date.

select
    feature.*,
    0 as item,
    feature.ordinal as position,
    feature.feature_path as path,
    feature.feature_slot as value_slot,
    series.image_date,
    series.image_datetime,
    series.visit_occurrence_id
from {{ ref('int_finding_feature') }} as feature
inner join {{ ref('int_image_series') }} as series
    on feature.series_instance_uid = series.series_instance_uid
where feature.reason_code is null
