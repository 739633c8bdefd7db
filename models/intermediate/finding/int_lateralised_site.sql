{{ config(materialized='view') }}

-- Seed lateralised_site with the standard concepts of the sides.

select
    lateralised.site_concept_code,
    lateralised.laterality,
    lateralised.concept_code,
    concept.standard_concept_id
from {{ ref('mapping_lateralised_site') }} as lateralised
inner join {{ ref('int_concept_of_code') }} as concept
    on
        lateralised.concept_code = concept.concept_code
        and concept.vocabulary_id = 'SNOMED'
where concept.standard_concept_id is not null
