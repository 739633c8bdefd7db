-- The values of each distinct header, once. Workers and runs may have staged the same header more
-- than once: the latest run's reading of it counts.

with

source as (
    select * from {{ source('raw_dicom', 'dicom_header_element') }}
    where
        header_id in (
            select affected_file.header_id from {{ ref('affected_file') }} as affected_file
        )
),

latest as (
    select
        header_id,
        max(run_id) as run_id
    from source
    group by header_id
)

select distinct
    source.header_id,
    source.path,
    source.item,
    source.position,
    source.value_count,
    source.value_text,
    source.value_number,
    source.value_key,
    source.coding_scheme,
    source.code_meaning,
    source.reason_code
from source
inner join latest
    on
        source.header_id = latest.header_id
        and source.run_id = latest.run_id
