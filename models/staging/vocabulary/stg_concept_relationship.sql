-- Links between two concepts. From the site's own vocabulary, if it gives one.

{% if micdm.has_vocabulary() %}
select
    concept_id_1,
    concept_id_2,
    relationship_id,
    valid_start_date,
    valid_end_date,
    invalid_reason
from {{ source('vocabulary', 'concept_relationship') }}
{% else %}
select
    {{ micdm.null_of('integer') }} as concept_id_1,
    {{ micdm.null_of('integer') }} as concept_id_2,
    {{ micdm.null_of(dbt.type_string()) }} as relationship_id,
    {{ micdm.null_of('date') }} as valid_start_date,
    {{ micdm.null_of('date') }} as valid_end_date,
    {{ micdm.null_of(dbt.type_string()) }} as invalid_reason
where 1 = 0
{% endif %}
