{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Terms found in notes. micdm adds none.

{{ micdm.pass_through('site_cdm', 'note_nlp') }}
