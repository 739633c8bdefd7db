-- Vocabularies. From the site's own vocabulary, if it gives one.

{% if micdm.has_vocabulary() %}
select
    vocabulary_id,
    vocabulary_name,
    vocabulary_reference,
    vocabulary_version,
    vocabulary_concept_id
from {{ source('vocabulary', 'vocabulary') }}
{% else %}
select
    {{ micdm.null_of(dbt.type_string()) }} as vocabulary_id,
    {{ micdm.null_of(dbt.type_string()) }} as vocabulary_name,
    {{ micdm.null_of(dbt.type_string()) }} as vocabulary_reference,
    {{ micdm.null_of(dbt.type_string()) }} as vocabulary_version,
    {{ micdm.null_of('integer') }} as vocabulary_concept_id
where 1 = 0
{% endif %}
