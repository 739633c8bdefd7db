{{ config(materialized='view') }}

-- The series that become image occurrences.

select * from {{ ref('int_series') }}
where reason_code is null
