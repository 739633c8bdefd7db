-- Procedures of the site's CDM of persons with images, with what their concepts say of imaging: a
-- row per modality and place, one with neither where nothing is known.

with

person as (
    select distinct person_id
    from {{ ref('int_image_series') }}
),

site_procedure as (
    select site_procedure.*
    from {{ ref('stg_cdm_procedure_occurrence') }} as site_procedure
    inner join person
        on site_procedure.person_id = person.person_id
),

coded as (
    select
        procedure_occurrence_id,
        procedure_concept_id as concept_id
    from site_procedure
    union
    select
        procedure_occurrence_id,
        procedure_source_concept_id as concept_id
    from site_procedure
),

meaning as (
    select distinct
        coded.procedure_occurrence_id,
        concept.modality,
        concept.site_concept_id
    from coded
    inner join {{ ref('int_site_procedure_concept') }} as concept
        on coded.concept_id = concept.concept_id
)

select
    site_procedure.procedure_occurrence_id,
    site_procedure.person_id,
    site_procedure.procedure_date,
    site_procedure.procedure_concept_id,
    meaning.modality,
    meaning.site_concept_id
from site_procedure
left join meaning
    on site_procedure.procedure_occurrence_id = meaning.procedure_occurrence_id
