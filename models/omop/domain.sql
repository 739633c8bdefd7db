-- The site's rows, and ours that it lacks.

select
    domain_id,
    domain_name,
    domain_concept_id
from {{ ref('stg_domain') }}
union all
select
    ours.domain_id,
    ours.domain_name,
    coalesce(own_concept.concept_id, ours.domain_concept_id) as domain_concept_id
from {{ ref('seed_domain') }} as ours
left join {{ ref('int_own_concept') }} as own_concept
    on ours.domain_concept_id = own_concept.own_concept_id
left join {{ ref('stg_domain') }} as site
    on ours.domain_id = site.domain_id
where site.domain_id is null
order by domain_id
