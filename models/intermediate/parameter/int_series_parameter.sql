-- The values of a series that become features, reduced by the rule of the attribute (seed
-- dicom_attribute, column variation) where its instances disagree:
--   each        every distinct value
--   mode        the most frequent; ties: the first in byte order
--   range       the smallest and the largest
--   min, max, sum
-- Codes and texts have no order: range, min, max and sum mean each for them.
-- `value_slot` says which of an attribute's values a row is; it is part of the feature's identity,
-- so it must not change when later slices change the value itself.

with

attribute as (
    select
        path,
        value_type,
        multi_value,
        case
            when value_type = 'number' or variation = 'mode' then variation
            else 'each'
        end as variation
    from {{ ref('mapping_dicom_attribute') }}
    where role = 'feature'
),

series_value as (
    select
        series_value.*,
        attribute.variation,
        row_number() over (
            partition by
                series_value.series_instance_uid,
                series_value.path,
                series_value.item,
                series_value.position
            order by
                series_value.value_count desc,
                {{ micdm.byte_order('series_value.value_key') }},
                {{ micdm.byte_order('series_value.coding_scheme') }}
        ) as frequency_rank,
        row_number() over (
            partition by
                series_value.series_instance_uid,
                series_value.path,
                series_value.item,
                series_value.position
            order by series_value.value_number, {{ micdm.byte_order('series_value.value_key') }}
        ) as size_rank,
        count(*) over (
            partition by
                series_value.series_instance_uid,
                series_value.path,
                series_value.item,
                series_value.position
        ) as distinct_value_count,
        sum(series_value.value_number * series_value.value_count) over (
            partition by
                series_value.series_instance_uid,
                series_value.path,
                series_value.item,
                series_value.position
        ) as value_sum
    from {{ ref('int_series_value') }} as series_value
    inner join attribute
        on series_value.path = attribute.path
    where
        (attribute.multi_value = 'each' or series_value.position = 0)
        -- A number attribute with a text in it was rejected when it was read.
        and (attribute.value_type <> 'number' or series_value.value_number is not null)
),

slotted as (
    select
        *,
        case
            when variation = 'each' and coding_scheme = '' then 'value:' || value_key
            when variation = 'each' then 'value:' || coding_scheme || ':' || value_key
            when variation = 'range' and size_rank = 1 then 'min'
            when variation = 'range' then 'max'
            else variation
        end as value_slot
    from series_value
    where
        variation = 'each'
        or (variation = 'mode' and frequency_rank = 1)
        or (variation in ('min', 'range') and size_rank = 1)
        or (variation in ('max', 'range') and size_rank = distinct_value_count)
        or (variation = 'sum' and size_rank = 1)
)

select
    series_instance_uid,
    path,
    item,
    position,
    value_slot,
    variation,
    coding_scheme,
    value_key,
    case
        when variation <> 'sum' or distinct_value_count = 1 and value_count = 1 then value_text
    end as value_text,
    case when variation = 'sum' then value_sum else value_number end as value_number,
    code_meaning,
    distinct_value_count,
    instance_count
from slotted
