{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Definitions of cohorts. micdm adds none.

{{ micdm.pass_through('site_cdm', 'cohort_definition') }}
