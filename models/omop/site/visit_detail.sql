{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Parts of visits. micdm adds none.

{{ micdm.pass_through('site_cdm', 'visit_detail') }}
