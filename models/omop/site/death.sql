{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Deaths. micdm adds none.

{{ micdm.pass_through('site_cdm', 'death') }}
