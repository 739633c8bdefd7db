-- Concept classes. From the site's own vocabulary, if it gives one.

{% if micdm.has_vocabulary() %}
select
    concept_class_id,
    concept_class_name,
    concept_class_concept_id
from {{ source('vocabulary', 'concept_class') }}
{% else %}
select
    {{ micdm.null_of(dbt.type_string()) }} as concept_class_id,
    {{ micdm.null_of(dbt.type_string()) }} as concept_class_name,
    {{ micdm.null_of('integer') }} as concept_class_concept_id
where 1 = 0
{% endif %}
