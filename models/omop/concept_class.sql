select
    concept_class_id,
    concept_class_name,
    concept_class_concept_id
from {{ ref('seed_concept_class') }}
order by concept_class_id
