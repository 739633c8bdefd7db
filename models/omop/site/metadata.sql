{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Facts about the data set. micdm adds none.

{{ micdm.pass_through('site_cdm', 'metadata') }}
