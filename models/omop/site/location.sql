{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Addresses and other places. micdm adds none.

{{ micdm.pass_through('site_cdm', 'location') }}
