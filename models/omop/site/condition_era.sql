{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Spans of a condition. micdm adds none.

{{ micdm.pass_through('site_cdm', 'condition_era') }}
