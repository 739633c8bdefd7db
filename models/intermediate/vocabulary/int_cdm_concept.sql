-- Role -> concept id. The seed cdm_concept names concepts by the ids of our seeds; here they become
-- those of the vocabulary in use. An id that is not one of ours is the site's own and stays.

select
    mapping.role,
    coalesce(own.concept_id, mapping.concept_id) as concept_id
from {{ ref('mapping_cdm_concept') }} as mapping
left join {{ ref('int_own_concept') }} as own
    on mapping.concept_id = own.own_concept_id
