select
    image_feature_id,
    path as source_path,
    case when origin = 'attribute' then tag end as source_tag,
    keyword as source_keyword,
    item as item_number,
    position as value_order,
    value_slot,
    variation as variation_rule,
    cast(distinct_value_count as integer) as distinct_value_count,
    cast(instance_count as integer) as instance_count,
    value_text as value_source_text,
    nullif(coding_scheme, '') as coding_scheme,
    code_meaning,
    source_unit_code,
    origin,
    derived_from
from {{ ref('int_image_feature') }}
order by image_feature_id
