{{ config(materialized='view') }}

-- How a result's number is to be read, and the concept of that.

{% set role_of = {
    '=': 'operator_equal',
    '<': 'operator_less',
    '<=': 'operator_less_or_equal',
    '>': 'operator_greater',
    '>=': 'operator_greater_or_equal',
} %}

{% for operator, role in role_of.items() %}
select
    '{{ operator }}' as operator,
    concept_id
from {{ ref('int_cdm_concept') }}
where role = '{{ role }}'
{% if not loop.last %}union all{% endif %}
{% endfor %}
