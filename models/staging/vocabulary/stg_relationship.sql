-- Kinds of relationship. From the site's own vocabulary, if it gives one.

{% if micdm.has_vocabulary() %}
select
    relationship_id,
    relationship_name,
    is_hierarchical,
    defines_ancestry,
    reverse_relationship_id,
    relationship_concept_id
from {{ source('vocabulary', 'relationship') }}
{% else %}
select
    {{ micdm.null_of(dbt.type_string()) }} as relationship_id,
    {{ micdm.null_of(dbt.type_string()) }} as relationship_name,
    {{ micdm.null_of(dbt.type_string()) }} as is_hierarchical,
    {{ micdm.null_of(dbt.type_string()) }} as defines_ancestry,
    {{ micdm.null_of(dbt.type_string()) }} as reverse_relationship_id,
    {{ micdm.null_of('integer') }} as relationship_concept_id
where 1 = 0
{% endif %}
