{{ config(materialized='view') }}

-- Pairs of body sites where the first contains the second: a site itself, and the regions around
-- it, joined ones too (a CT of chest, abdomen and pelvis shows the chest).

select
    around_concept_id as outer_concept_id,
    site_concept_id as inner_concept_id
from {{ ref('int_site_around') }}
