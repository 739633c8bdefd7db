{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Spans of exposure to a drug. micdm adds none.

{{ micdm.pass_through('site_cdm', 'drug_era') }}
