{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Costs. micdm adds none.

{{ micdm.pass_through('site_cdm', 'cost') }}
