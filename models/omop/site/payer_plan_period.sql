{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Spans of time under a health plan. micdm adds none.

{{ micdm.pass_through('site_cdm', 'payer_plan_period') }}
