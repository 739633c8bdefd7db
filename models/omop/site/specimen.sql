{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Specimens. micdm adds none.

{{ micdm.pass_through('site_cdm', 'specimen') }}
