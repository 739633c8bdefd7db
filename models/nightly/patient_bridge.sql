{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='uid'
) }}

-- What two or more patients have or name, and one of them has: they may depend on each other.

with

touched as (
    select * from {{ ref('touched_uid') }}
),

shared as (
    select uid
    from touched
    group by uid
    having count(*) > 1 and max(is_held) = 1
)

select
    touched.uid,
    touched.patient_id
from touched
inner join shared
    on touched.uid = shared.uid
