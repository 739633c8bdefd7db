{% test concept_domain(model, column_name, domains) %}
-- A warning, not an error: a site's vocabulary may move a concept to another domain.
{{ config(severity='warn') }}

with used as (
    select
        {{ column_name }} as concept_id,
        count(*) as row_count
    from {{ model }}
    where {{ column_name }} <> 0
    group by {{ column_name }}
)

select
    used.concept_id,
    concept.domain_id,
    used.row_count
from used
inner join {{ ref('concept') }} as concept
    on used.concept_id = concept.concept_id
where concept.domain_id not in (
    {%- for domain in domains %}'{{ domain }}'{{ ', ' if not loop.last }}{% endfor -%}
)
{% endtest %}
