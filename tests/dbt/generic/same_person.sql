{% test same_person(model, column_name, to, field, where_=none) %}
-- Whether the linked row exists at all is the `relationships` test's question.
with linked as (
    select
        person_id,
        {{ column_name }} as linked_id
    from {{ model }}
    where {{ column_name }} is not null
        {% if where_ %}and {{ where_ }}{% endif %}
)

select
    linked.linked_id,
    linked.person_id,
    target.person_id as linked_person_id
from linked
inner join {{ to }} as target
    on linked.linked_id = target.{{ field }}
where linked.person_id <> target.person_id
{% endtest %}
