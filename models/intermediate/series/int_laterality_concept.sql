-- The concept of each side. NULL where the seed gives no code: unpaired is no side.

select
    mapping.laterality,
    case
        when mapping.vocabulary_id is not null
            then coalesce(concept.standard_concept_id, concept.concept_id, 0)
    end as laterality_concept_id
from {{ ref('mapping_laterality') }} as mapping
left join {{ ref('int_concept_of_code') }} as concept
    on
        mapping.vocabulary_id = concept.vocabulary_id
        and mapping.concept_code = concept.concept_code
