{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='fact_id_1'
) }}

-- All procedures of the site's CDM that an image occurrence belongs to, both ways; the column in
-- image_occurrence has room for the best one. A procedure that we made is in the column alone.

with

link as (
    select
        registry.image_occurrence_id,
        candidate.procedure_occurrence_id
    from {{ ref('int_series_procedure_candidate') }} as candidate
    inner join {{ ref('image_occurrence_registry') }} as registry
        on candidate.series_instance_uid = registry.series_instance_uid
)

select
    {{ micdm.cdm_concept('domain_image_occurrence') }} as domain_concept_id_1,
    image_occurrence_id as fact_id_1,
    {{ micdm.cdm_concept('domain_procedure') }} as domain_concept_id_2,
    procedure_occurrence_id as fact_id_2,
    {{ micdm.cdm_concept('relationship_image_of_procedure') }} as relationship_concept_id
from link
union all
select
    {{ micdm.cdm_concept('domain_procedure') }} as domain_concept_id_1,
    procedure_occurrence_id as fact_id_1,
    {{ micdm.cdm_concept('domain_image_occurrence') }} as domain_concept_id_2,
    image_occurrence_id as fact_id_2,
    {{ micdm.cdm_concept('relationship_procedure_of_image') }} as relationship_concept_id
from link
{{ micdm.site_rows('fact_relationship') }}
order by domain_concept_id_1, fact_id_1, domain_concept_id_2, fact_id_2, relationship_concept_id
