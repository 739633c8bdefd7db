-- Header values that could not be used, by attribute and reason: the value is not in the CDM, and
-- this says so. Only values of files that are current count.

with

instance_file as (
    select * from {{ ref('int_instance_file') }}
),

header_use as (
    select
        header_id,
        count(*) as instance_count
    from instance_file
    group by header_id
),

rejected as (
    select
        element.path,
        element.reason_code,
        element.value_text,
        header_use.instance_count
    from {{ ref('stg_dicom_header_element') }} as element
    inner join header_use
        on element.header_id = header_use.header_id
    where element.reason_code is not null
    union all
    select
        element.path,
        element.reason_code,
        element.value_text,
        1 as instance_count
    from {{ ref('stg_dicom_instance_element') }} as element
    inner join instance_file
        on
            element.run_id = instance_file.run_id
            and element.file_id = instance_file.file_id
    where element.reason_code is not null
)

select
    path,
    reason_code,
    value_text,
    cast(sum(instance_count) as bigint) as instance_count
from rejected
group by path, reason_code, value_text
