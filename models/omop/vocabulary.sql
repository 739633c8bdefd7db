-- The site's rows, and ours that it lacks.

select
    vocabulary_id,
    vocabulary_name,
    vocabulary_reference,
    vocabulary_version,
    vocabulary_concept_id
from {{ ref('stg_vocabulary') }}
union all
select
    ours.vocabulary_id,
    ours.vocabulary_name,
    ours.vocabulary_reference,
    ours.vocabulary_version,
    coalesce(own_concept.concept_id, ours.vocabulary_concept_id) as vocabulary_concept_id
from {{ ref('seed_vocabulary') }} as ours
left join {{ ref('int_own_concept') }} as own_concept
    on ours.vocabulary_concept_id = own_concept.own_concept_id
left join {{ ref('stg_vocabulary') }} as site
    on ours.vocabulary_id = site.vocabulary_id
where site.vocabulary_id is null
order by vocabulary_id
