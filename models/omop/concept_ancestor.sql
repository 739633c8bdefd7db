-- Every concept is its own ancestor; more is known only with a full vocabulary.

select
    concept_id as ancestor_concept_id,
    concept_id as descendant_concept_id,
    0 as min_levels_of_separation,
    0 as max_levels_of_separation
from {{ ref('concept') }}
where standard_concept = 'S'
order by ancestor_concept_id
