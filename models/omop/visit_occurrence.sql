-- The visits of the site's CDM; empty without one: headers know no visit, and none is made up.

select * from {{ ref('stg_cdm_visit_occurrence') }}
order by visit_occurrence_id
