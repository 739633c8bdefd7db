{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Drugs given or prescribed. micdm adds none.

{{ micdm.pass_through('site_cdm', 'drug_exposure') }}
