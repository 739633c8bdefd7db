-- Every distinct value of every staged attribute in an image series, with how many instances (or
-- frames) have it. A per-frame value of a top-level attribute varies like a per-instance one, so
-- its item ordinal says nothing; in a true sequence the item is part of what the value means.

with

header_of_series as (
    select * from {{ ref('int_series_header') }}
),

header_element as (
    select * from {{ ref('stg_dicom_header_element') }}
),

instance as (
    select * from {{ ref('int_image_instance') }}
),

instance_element as (
    select * from {{ ref('stg_dicom_instance_element') }}
),

observed as (
    select
        header_of_series.series_instance_uid,
        header_of_series.instance_count,
        element.path,
        element.item,
        element.position,
        element.value_count,
        element.value_text,
        element.value_number,
        element.value_key,
        element.coding_scheme,
        element.code_meaning
    from header_of_series
    inner join header_element as element
        on header_of_series.header_id = element.header_id
    where element.reason_code is null
    union all
    select
        instance.series_instance_uid,
        1 as instance_count,
        element.path,
        element.item,
        element.position,
        element.value_count,
        element.value_text,
        element.value_number,
        element.value_key,
        element.coding_scheme,
        element.code_meaning
    from instance
    inner join instance_element as element
        on
            instance.run_id = element.run_id
            and instance.file_id = element.file_id
    where element.reason_code is null
),

-- A coded entry without a code still has a meaning; that is then what it says.
value as (
    select
        series_instance_uid,
        path,
        case when {{ micdm.is_nested('path') }} then item else 0 end as item,
        position,
        coalesce(coding_scheme, '') as coding_scheme,
        coalesce(value_key, code_meaning) as value_key,
        coalesce(value_text, code_meaning) as value_text,
        value_number,
        code_meaning,
        instance_count,
        value_count
    from observed
    where value_key is not null or code_meaning is not null
)

select
    series_instance_uid,
    path,
    item,
    position,
    coding_scheme,
    value_key,
    min({{ micdm.byte_order('value_text') }}) as value_text,
    min(value_number) as value_number,
    min({{ micdm.byte_order('code_meaning') }}) as code_meaning,
    cast(sum(instance_count) as bigint) as instance_count,
    cast(sum(instance_count * value_count) as bigint) as value_count
from value
group by series_instance_uid, path, item, position, coding_scheme, value_key
