-- Seed finding_condition by vocabulary: coded results that a site takes for a condition.

select
    coalesce(concept_scheme.vocabulary_id, mapping.scheme) as vocabulary_id,
    mapping.code,
    coalesce(value_scheme.vocabulary_id, mapping.value_scheme) as value_vocabulary_id,
    mapping.value_code,
    min(concept.concept_id) as concept_id,
    min(concept.standard_concept_id) as standard_concept_id
from {{ ref('mapping_finding_condition') }} as mapping
inner join {{ ref('int_concept_of_code') }} as concept
    on
        mapping.vocabulary_id = concept.vocabulary_id
        and mapping.concept_code = concept.concept_code
left join {{ ref('mapping_coding_scheme') }} as concept_scheme
    on mapping.scheme = concept_scheme.coding_scheme
left join {{ ref('mapping_coding_scheme') }} as value_scheme
    on mapping.value_scheme = value_scheme.coding_scheme
group by
    coalesce(concept_scheme.vocabulary_id, mapping.scheme),
    mapping.code,
    coalesce(value_scheme.vocabulary_id, mapping.value_scheme),
    mapping.value_code
