-- The hierarchy comes with the site's vocabulary. Every standard concept is its own ancestor, so
-- that tools that ask for descendants find the concepts that only we have.

with

site as (
    select * from {{ ref('stg_concept_ancestor') }}
)

select
    ancestor_concept_id,
    descendant_concept_id,
    min_levels_of_separation,
    max_levels_of_separation
from site
union all
select
    concept.concept_id as ancestor_concept_id,
    concept.concept_id as descendant_concept_id,
    0 as min_levels_of_separation,
    0 as max_levels_of_separation
from {{ ref('concept') }} as concept
left join site
    on
        concept.concept_id = site.ancestor_concept_id
        and concept.concept_id = site.descendant_concept_id
where concept.standard_concept = 'S' and site.ancestor_concept_id is null
{% if not var('vocabulary_path') %}
order by ancestor_concept_id, descendant_concept_id
{% endif %}
