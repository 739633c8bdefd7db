-- Domains. From the site's own vocabulary, if it gives one.

{% if micdm.has_vocabulary() %}
select
    domain_id,
    domain_name,
    domain_concept_id
from {{ source('vocabulary', 'domain') }}
{% else %}
select
    {{ micdm.null_of(dbt.type_string()) }} as domain_id,
    {{ micdm.null_of(dbt.type_string()) }} as domain_name,
    {{ micdm.null_of('integer') }} as domain_concept_id
where 1 = 0
{% endif %}
