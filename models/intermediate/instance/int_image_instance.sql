{{ config(materialized='view') }}

-- Usable instances that hold an acquired image.

select *
from {{ ref('int_instance') }}
where reason_code is null and is_image
