{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Episodes of a disease or its treatment. micdm adds none.

{{ micdm.pass_through('site_cdm', 'episode') }}
