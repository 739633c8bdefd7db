-- (vocabulary_id, concept_code) -> concept ids. `concept_id` is the code's own concept,
-- `standard_concept_id` the standard one it is or maps to; NULL where there is none. Several
-- targets: the lowest id, so that the choice is stable. A code that is no longer valid counts only
-- where it maps to one that is. A code that the vocabulary in use does not have is the one that
-- seed code_value_map gives for it, else the concept of ours that stands for it.

with

concept as (
    select concept.*
    from {{ ref('concept') }} as concept
    inner join {{ ref('int_used_vocabulary') }} as used
        on concept.vocabulary_id = used.vocabulary_id
),

maps_to as (
    select
        concept_id_1,
        concept_id_2
    from {{ ref('concept_relationship') }}
    where
        relationship_id = 'Maps to'
        and invalid_reason is null
        and concept_id_1 <> concept_id_2
),

standard as (
    select
        concept_id,
        domain_id
    from {{ ref('concept') }}
    where standard_concept = 'S' and invalid_reason is null
),

one_step as (
    select
        concept.concept_id,
        min(standard.concept_id) as standard_concept_id
    from concept
    inner join maps_to
        on concept.concept_id = maps_to.concept_id_1
    inner join standard
        on maps_to.concept_id_2 = standard.concept_id
    group by concept.concept_id
),

-- A mapping of ours may lead to a concept that a newer vocabulary maps on.
two_steps as (
    select
        concept.concept_id,
        min(standard.concept_id) as standard_concept_id
    from concept
    inner join maps_to
        on concept.concept_id = maps_to.concept_id_1
    inner join maps_to as further
        on maps_to.concept_id_2 = further.concept_id_1
    inner join standard
        on further.concept_id_2 = standard.concept_id
    group by concept.concept_id
),

resolved as (
    select
        concept.vocabulary_id,
        concept.concept_code,
        concept.concept_id,
        concept.domain_id,
        concept.invalid_reason,
        case
            when concept.standard_concept = 'S' and concept.invalid_reason is null
                then concept.concept_id
            else coalesce(one_step.standard_concept_id, two_steps.standard_concept_id)
        end as standard_concept_id
    from concept
    left join one_step
        on concept.concept_id = one_step.concept_id
    left join two_steps
        on concept.concept_id = two_steps.concept_id
),

-- Codes such as 'OMOP generated' are not unique.
ranked as (
    select
        *,
        row_number() over (
            partition by vocabulary_id, concept_code
            order by
                case when invalid_reason is null then 1 else 2 end,
                concept_id
        ) as preference
    from resolved
    where invalid_reason is null or standard_concept_id is not null
),

of_vocabulary as (
    select * from ranked
    where preference = 1
),

mapping as (
    select
        source_vocabulary_id,
        source_code,
        vocabulary_id,
        concept_code
    from {{ ref('mapping_code_value_map') }}
    union all
    select
        own_code.source_vocabulary_id,
        own_code.source_code,
        own_code.vocabulary_id,
        own_code.concept_code
    from {{ ref('int_own_code') }} as own_code
    left join {{ ref('mapping_code_value_map') }} as mapped
        on
            own_code.source_vocabulary_id = mapped.source_vocabulary_id
            and own_code.source_code = mapped.source_code
    where mapped.source_code is null
),

stand_in as (
    select
        mapping.source_vocabulary_id as vocabulary_id,
        mapping.source_code as concept_code,
        replacement.concept_id,
        replacement.domain_id,
        replacement.standard_concept_id
    from mapping
    inner join of_vocabulary as replacement
        on
            mapping.vocabulary_id = replacement.vocabulary_id
            and mapping.concept_code = replacement.concept_code
    left join of_vocabulary as known_code
        on
            mapping.source_vocabulary_id = known_code.vocabulary_id
            and mapping.source_code = known_code.concept_code
    where known_code.concept_id is null
),

every_code as (
    select
        vocabulary_id,
        concept_code,
        concept_id,
        domain_id,
        standard_concept_id
    from of_vocabulary
    union all
    select
        vocabulary_id,
        concept_code,
        concept_id,
        domain_id,
        standard_concept_id
    from stand_in
)

select
    every_code.vocabulary_id,
    every_code.concept_code,
    every_code.concept_id,
    every_code.domain_id,
    every_code.standard_concept_id,
    standard.domain_id as standard_domain_id
from every_code
left join standard
    on every_code.standard_concept_id = standard.concept_id
