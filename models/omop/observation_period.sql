-- OHDSI cohorts only find persons who are under observation: from the first image to the last.

select
    person_id as observation_period_id,
    person_id,
    min(image_date) as observation_period_start_date,
    max(image_date) as observation_period_end_date,
    {{ micdm.cdm_concept('type_ehr') }} as period_type_concept_id
from {{ ref('int_image_series') }}
group by person_id
order by person_id
