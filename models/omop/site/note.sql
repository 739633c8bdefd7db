{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Notes. micdm adds none.

{{ micdm.pass_through('site_cdm', 'note') }}
