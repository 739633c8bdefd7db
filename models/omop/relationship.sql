-- The site's rows, and ours that it lacks.

select
    relationship_id,
    relationship_name,
    is_hierarchical,
    defines_ancestry,
    reverse_relationship_id,
    relationship_concept_id
from {{ ref('stg_relationship') }}
union all
select
    ours.relationship_id,
    ours.relationship_name,
    ours.is_hierarchical,
    ours.defines_ancestry,
    ours.reverse_relationship_id,
    coalesce(own_concept.concept_id, ours.relationship_concept_id) as relationship_concept_id
from {{ ref('seed_relationship') }} as ours
left join {{ ref('int_own_concept') }} as own_concept
    on ours.relationship_concept_id = own_concept.own_concept_id
left join {{ ref('stg_relationship') }} as site
    on ours.relationship_id = site.relationship_id
where site.relationship_id is null
order by relationship_id
