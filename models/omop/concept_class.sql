-- The site's rows, and ours that it lacks.

select
    concept_class_id,
    concept_class_name,
    concept_class_concept_id
from {{ ref('stg_concept_class') }}
union all
select
    ours.concept_class_id,
    ours.concept_class_name,
    coalesce(own_concept.concept_id, ours.concept_class_concept_id) as concept_class_concept_id
from {{ ref('seed_concept_class') }} as ours
left join {{ ref('int_own_concept') }} as own_concept
    on ours.concept_class_concept_id = own_concept.own_concept_id
left join {{ ref('stg_concept_class') }} as site
    on ours.concept_class_id = site.concept_class_id
where site.concept_class_id is null
order by concept_class_id
