select
    vocabulary_id,
    vocabulary_name,
    vocabulary_reference,
    vocabulary_version,
    vocabulary_concept_id
from {{ ref('seed_vocabulary') }}
order by vocabulary_id
