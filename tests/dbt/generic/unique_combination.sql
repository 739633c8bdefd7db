{% test unique_combination(model, combination) %}
select
    {{ combination | join(',\n    ') }},
    count(*) as row_count
from {{ model }}
group by
    {{ combination | join(',\n    ') }}
having count(*) > 1
{% endtest %}
