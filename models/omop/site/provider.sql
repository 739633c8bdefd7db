{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Persons who give care. micdm adds none.

{{ micdm.pass_through('site_cdm', 'provider') }}
