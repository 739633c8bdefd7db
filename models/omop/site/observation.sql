{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Observations. micdm adds none.

{{ micdm.pass_through('site_cdm', 'observation') }}
