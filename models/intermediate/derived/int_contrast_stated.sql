-- The values of the attributes that say something about contrast (seed derived_parameter): a text,
-- which of a coded entry is its meaning, or an amount.

with

listed as (
    select '|' || from_paths || '|' as paths
    from {{ ref('mapping_derived_parameter') }}
    where path = 'derived.ContrastGiven'
),

attribute as (
    select
        attribute.path,
        attribute.value_type
    from {{ ref('mapping_dicom_attribute') }} as attribute
    inner join listed
        on listed.paths like '%|' || attribute.path || '|%'
)

select
    series_value.series_instance_uid,
    series_value.path,
    series_value.instance_count,
    case
        when attribute.value_type = 'code_sequence'
            then coalesce(series_value.code_meaning, series_value.value_key)
        when attribute.value_type <> 'number' then series_value.value_key
    end as contrast_text,
    case when attribute.value_type = 'number' then series_value.value_number end as contrast_amount
from {{ ref('int_series_value') }} as series_value
inner join attribute
    on series_value.path = attribute.path
