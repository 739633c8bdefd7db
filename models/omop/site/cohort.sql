{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Members of cohorts. micdm adds none.

{{ micdm.pass_through('site_cdm', 'cohort') }}
