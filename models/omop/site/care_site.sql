{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Places of care. micdm adds none.

{{ micdm.pass_through('site_cdm', 'care_site') }}
