{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Ingredients and strengths of drugs. micdm adds none.

{{ micdm.pass_through('site_vocabulary', 'drug_strength') }}
