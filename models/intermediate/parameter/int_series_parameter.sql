-- The values of a series that become features: brought to one unit (seed unit_conversion), then
-- reduced by the rule of the attribute (seed dicom_attribute, column variation) where its instances
-- disagree:
--   each        every distinct value
--   mode        the most frequent; ties: the first in byte order
--   range       the smallest and the largest
--   min, max, sum
--   any         the value that means yes, if an instance has it, else as mode; of numbers the
--               largest
-- Codes and texts have no order: range, min, max and sum mean each for them.
-- `value_slot` says which of an attribute's values a row is; it is part of the feature's identity,
-- so it must not change when later slices change the value itself. A row with a reason_code does
-- not become a feature: it is in quality.quarantine.

{# The rules choose among the values of one place; values that can't be used are a group apart. #}
{% set place = [
    'converted.series_instance_uid',
    'converted.path',
    'converted.item',
    'converted.position',
    'converted.reason_code',
] | join(', ') %}

with

attribute as (
    select
        path,
        value_type,
        multi_value,
        unit_code,
        case
            when value_type = 'number' or variation in ('any', 'mode') then variation
            else 'each'
        end as variation
    from {{ ref('mapping_dicom_attribute') }}
    where role = 'feature'
),

conversion as (
    select * from {{ ref('mapping_unit_conversion') }}
),

means_yes as (
    select * from {{ ref('int_yes_value') }}
),

converted as (
    select
        series_value.series_instance_uid,
        series_value.path,
        series_value.item,
        series_value.position,
        series_value.coding_scheme,
        series_value.value_key,
        series_value.value_text,
        series_value.code_meaning,
        series_value.value_count,
        series_value.instance_count,
        attribute.value_type,
        attribute.variation,
        coalesce(conversion.same_as, series_value.path) as concept_path,
        coalesce(conversion.preference, 0) as path_preference,
        coalesce(conversion.unit_code, attribute.unit_code) as unit_code,
        coalesce(conversion.source_unit_code, attribute.unit_code) as source_unit_code,
        case
            when coalesce(conversion.factor, 1) = 1 and coalesce(conversion.shift, 0) = 0
                then series_value.value_number
            else {{ micdm.significant(
                '(series_value.value_number * conversion.factor + coalesce(conversion.shift, 0))'
            ) }}
        end as value_number,
        case
            -- A text in a number attribute was rejected when it was read; what is left is odd VRs.
            when attribute.value_type = 'number' and series_value.value_number is null
                then 'not_a_number'
            when conversion.path is not null and conversion.factor is null then 'implausible_value'
        end as reason_code
    from {{ ref('int_series_value') }} as series_value
    inner join attribute
        on series_value.path = attribute.path
    left join conversion
        on
            series_value.path = conversion.path
            and series_value.value_number is not null
            and (
                conversion.value_from is null
                or series_value.value_number >= conversion.value_from
            )
            and (conversion.value_to is null or series_value.value_number < conversion.value_to)
    where attribute.multi_value = 'each' or series_value.position = 0
),

-- Values that can't be used count for no rule.
ranked as (
    select
        converted.*,
        row_number() over (
            partition by {{ place }}
            order by
                case
                    when converted.variation = 'any' and means_yes.path is not null then 0 else 1
                end,
                converted.value_count desc,
                {{ micdm.byte_order('converted.value_key') }},
                {{ micdm.byte_order('converted.coding_scheme') }}
        ) as frequency_rank,
        row_number() over (
            partition by {{ place }}
            order by converted.value_number, {{ micdm.byte_order('converted.value_key') }}
        ) as size_rank,
        count(*) over (
            partition by {{ place }}
        ) as distinct_value_count,
        sum(
            case
                when converted.variation = 'sum'
                    then converted.value_number * converted.value_count
            end
        ) over (
            partition by {{ place }}
        ) as value_sum,
        sum(converted.instance_count) over (
            partition by {{ place }}
        ) as all_instance_count
    from converted
    left join means_yes
        on
            converted.path = means_yes.path
            and converted.coding_scheme = means_yes.coding_scheme
            and converted.value_key = means_yes.value_key
),

slotted as (
    select
        *,
        variation = 'sum' and (distinct_value_count > 1 or value_count > 1) as is_sum,
        case
            when (variation = 'each' or reason_code is not null) and coding_scheme = ''
                then 'value:' || value_key
            when variation = 'each' then 'value:' || coding_scheme || ':' || value_key
            when variation = 'range' and size_rank = 1 then 'min'
            when variation = 'range' then 'max'
            else variation
        end as value_slot
    from ranked
    where
        reason_code is not null
        or variation = 'each'
        or (variation = 'mode' and frequency_rank = 1)
        or (variation in ('min', 'range') and size_rank = 1)
        or (variation in ('max', 'range') and size_rank = distinct_value_count)
        or (variation = 'sum' and size_rank = 1)
        or (variation = 'any' and value_type <> 'number' and frequency_rank = 1)
        or (variation = 'any' and value_type = 'number' and size_rank = distinct_value_count)
),

stated_quantity as (
    select
        series_instance_uid,
        path,
        concept_path,
        min(path_preference) as path_preference,
        max(case when value_number = 0 then 0 else 1 end) as has_amount
    from slotted
    where
        reason_code is null
        and exists (
            select 1 from conversion
            where conversion.same_as = slotted.concept_path
        )
    group by series_instance_uid, path, concept_path
),

-- Several attributes that state one quantity make one row. 0 is written for unknown, and where
-- whole numbers can't say it: 900 uAs are 0 mAs. So one that says nothing else comes last.
quantity as (
    select
        *,
        row_number() over (
            partition by series_instance_uid, concept_path
            order by has_amount desc, path_preference, {{ micdm.byte_order('path') }}
        ) as preference
    from stated_quantity
)

select
    slotted.series_instance_uid,
    slotted.path,
    slotted.item,
    slotted.position,
    slotted.value_slot,
    slotted.variation,
    slotted.coding_scheme,
    -- A sum is in no header.
    case when not slotted.is_sum then slotted.value_key end as value_key,
    case when not slotted.is_sum then slotted.value_text end as value_text,
    case
        when slotted.variation = 'sum' and slotted.reason_code is null then slotted.value_sum
        else slotted.value_number
    end as value_number,
    slotted.code_meaning,
    slotted.distinct_value_count,
    cast(
        case
            when slotted.is_sum then slotted.all_instance_count
            else slotted.instance_count
        end as bigint
    ) as instance_count,
    slotted.concept_path,
    slotted.unit_code,
    slotted.source_unit_code,
    coalesce(
        slotted.reason_code, case when quantity.preference > 1 then 'same_quantity_twice' end
    ) as reason_code
from slotted
left join quantity
    on
        slotted.series_instance_uid = quantity.series_instance_uid
        and slotted.path = quantity.path
        and slotted.concept_path = quantity.concept_path
