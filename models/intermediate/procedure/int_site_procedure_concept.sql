-- What the concepts of the site's procedures say of imaging: of which modality, and where in the
-- body. A concept, or what it maps to (CPT and the like), is that of a modality or of a row of the
-- seed imaging_procedure, or a descendant. The place is that of such a row, or what the vocabulary
-- gives as the procedure's site. No row: nothing known, so not compatible with any modality.

{% set site_relationships = ['Has dir proc site', 'Has indir proc site', 'Has proc site'] %}

with

used as (
    select procedure_concept_id as concept_id
    from {{ ref('stg_cdm_procedure_occurrence') }}
    where procedure_concept_id <> 0
    union
    select procedure_source_concept_id as concept_id
    from {{ ref('stg_cdm_procedure_occurrence') }}
    where procedure_source_concept_id <> 0
),

relationship as (
    select
        used.concept_id,
        relationship.relationship_id,
        relationship.concept_id_2
    from used
    inner join {{ ref('concept_relationship') }} as relationship
        on used.concept_id = relationship.concept_id_1
    where relationship.invalid_reason is null
),

meaning as (
    select
        concept_id,
        concept_id as standard_concept_id
    from used
    union
    select
        concept_id,
        concept_id_2 as standard_concept_id
    from relationship
    where relationship_id = 'Maps to'
),

-- The concept and what it is a kind of.
kind as (
    select
        concept_id,
        standard_concept_id as kind_concept_id
    from meaning
    union
    select
        meaning.concept_id,
        concept_ancestor.ancestor_concept_id as kind_concept_id
    from meaning
    inner join {{ ref('concept_ancestor') }} as concept_ancestor
        on meaning.standard_concept_id = concept_ancestor.descendant_concept_id
),

rule as (
    select
        modality,
        body_part,
        procedure_concept_id
    from {{ ref('int_imaging_procedure') }}
    union
    select
        modality,
        '' as body_part,
        standard_concept_id as procedure_concept_id
    from {{ ref('int_modality_concept') }}
    where standard_concept_id <> 0
),

related as (
    select distinct
        kind.concept_id,
        rule.modality,
        rule.body_part
    from kind
    inner join rule
        on kind.kind_concept_id = rule.procedure_concept_id
),

place as (
    select
        related.concept_id,
        concept.standard_concept_id as site_concept_id
    from related
    inner join {{ ref('mapping_body_part') }} as body_part
        on related.body_part = body_part.body_part
    inner join {{ ref('int_concept_of_code') }} as concept
        on
            body_part.vocabulary_id = concept.vocabulary_id
            and body_part.concept_code = concept.concept_code
    union
    select
        meaning.concept_id,
        relationship.concept_id_2 as site_concept_id
    from meaning
    inner join {{ ref('concept_relationship') }} as relationship
        on meaning.standard_concept_id = relationship.concept_id_1
    where
        relationship.invalid_reason is null
        and relationship.relationship_id in (
            {% for name in site_relationships %}
            '{{ name }}'{{ ',' if not loop.last }}
            {% endfor %}
        )
),

modality as (
    select distinct
        concept_id,
        modality
    from related
)

select
    modality.concept_id,
    modality.modality,
    place.site_concept_id
from modality
left join place
    on modality.concept_id = place.concept_id
