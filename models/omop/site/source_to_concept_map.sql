{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- The site's own codes and their concepts. micdm adds none.

{{ micdm.pass_through('site_vocabulary', 'source_to_concept_map') }}
