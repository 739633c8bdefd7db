-- (vocabulary_id, concept_code) -> concept ids. `concept_id` is the code's own concept,
-- `standard_concept_id` the standard one it is or maps to; NULL where there is none. Several
-- targets: the lowest id, so that the choice is stable.

with

concept as (
    select * from {{ ref('concept') }}
    where invalid_reason is null
),

relationship as (
    select * from {{ ref('concept_relationship') }}
    where relationship_id = 'Maps to' and invalid_reason is null
),

mapped as (
    select
        relationship.concept_id_1 as concept_id,
        min(relationship.concept_id_2) as standard_concept_id
    from relationship
    inner join concept
        on relationship.concept_id_2 = concept.concept_id
    where concept.standard_concept = 'S'
    group by relationship.concept_id_1
)

select
    concept.vocabulary_id,
    concept.concept_code,
    concept.concept_id,
    concept.domain_id,
    case
        when concept.standard_concept = 'S' then concept.concept_id
        else mapped.standard_concept_id
    end as standard_concept_id
from concept
left join mapped
    on concept.concept_id = mapped.concept_id
