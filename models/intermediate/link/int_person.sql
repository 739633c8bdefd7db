{{ config(materialized='view') }}

-- Patients that become persons: all that the CDM requires is known.

select * from {{ ref('int_patient') }}
where reason_code is null
