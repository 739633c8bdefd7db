{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Spans of exposure to a dose. micdm adds none.

{{ micdm.pass_through('site_cdm', 'dose_era') }}
