{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Other names of concepts. micdm adds none.

{{ micdm.pass_through('site_vocabulary', 'concept_synonym') }}
