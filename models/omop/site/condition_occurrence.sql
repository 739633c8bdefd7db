{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Conditions. micdm adds none.

{{ micdm.pass_through('site_cdm', 'condition_occurrence') }}
