{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Devices used. micdm adds none.

{{ micdm.pass_through('site_cdm', 'device_exposure') }}
