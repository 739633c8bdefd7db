-- Concepts. From the site's own vocabulary, if it gives one.

{% if micdm.has_vocabulary() %}
select
    concept_id,
    concept_name,
    domain_id,
    vocabulary_id,
    concept_class_id,
    standard_concept,
    concept_code,
    valid_start_date,
    valid_end_date,
    invalid_reason
from {{ source('vocabulary', 'concept') }}
{% else %}
select
    {{ micdm.null_of('integer') }} as concept_id,
    {{ micdm.null_of(dbt.type_string()) }} as concept_name,
    {{ micdm.null_of(dbt.type_string()) }} as domain_id,
    {{ micdm.null_of(dbt.type_string()) }} as vocabulary_id,
    {{ micdm.null_of(dbt.type_string()) }} as concept_class_id,
    {{ micdm.null_of(dbt.type_string()) }} as standard_concept,
    {{ micdm.null_of(dbt.type_string()) }} as concept_code,
    {{ micdm.null_of('date') }} as valid_start_date,
    {{ micdm.null_of('date') }} as valid_end_date,
    {{ micdm.null_of(dbt.type_string()) }} as invalid_reason
where 1 = 0
{% endif %}
