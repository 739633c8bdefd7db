select
    concept_id_1,
    concept_id_2,
    relationship_id,
    valid_start_date,
    valid_end_date,
    invalid_reason
from {{ ref('stg_concept_relationship') }}
union all
select
    concept_id_1,
    concept_id_2,
    relationship_id,
    valid_start_date,
    valid_end_date,
    invalid_reason
from {{ ref('int_own_relationship') }}
{% if not var('vocabulary_path') %}
order by concept_id_1, concept_id_2, relationship_id
{% endif %}
