{{ config(materialized='view') }}

-- What is numbered: acquisition parameters and the features of findings, each by a key that names
-- the place of the value, not the value.

select
    image_occurrence_id,
    item,
    position,
    path,
    value_slot,
    'measurement' as domain
from {{ ref('int_acquisition_parameter') }}
union all
select
    image_occurrence_id,
    item,
    position,
    path,
    value_slot,
    domain
from {{ ref('int_image_finding_feature') }}
