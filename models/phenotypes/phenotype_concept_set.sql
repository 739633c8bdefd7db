-- The concept sets of the phenotypes (seed phenotype_concept), as OHDSI tools resolve them: each
-- code's own concept, the standard one, and where the seed says so all that the vocabulary puts
-- below.

with

named as (
    select
        phenotype.phenotype,
        phenotype.concept_set,
        phenotype.with_descendants,
        concept.concept_id,
        concept.standard_concept_id
    from {{ ref('mapping_phenotype_concept') }} as phenotype
    inner join {{ ref('int_concept_of_code') }} as concept
        on
            phenotype.vocabulary_id = concept.vocabulary_id
            and phenotype.concept_code = concept.concept_code
),

chosen as (
    select
        phenotype,
        concept_set,
        with_descendants,
        concept_id
    from named
    union
    select
        phenotype,
        concept_set,
        with_descendants,
        standard_concept_id as concept_id
    from named
    where standard_concept_id is not null
)

select
    phenotype,
    concept_set,
    concept_id
from chosen
union
select
    chosen.phenotype,
    chosen.concept_set,
    ancestor.descendant_concept_id as concept_id
from chosen
inner join {{ ref('stg_concept_ancestor') }} as ancestor
    on
        chosen.concept_id = ancestor.ancestor_concept_id
        and chosen.with_descendants
