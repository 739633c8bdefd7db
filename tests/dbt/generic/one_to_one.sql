{% test one_to_one(model, column_name, to, field, where_=none, both_ways=true) %}
-- A full join of the two key counts finds the three faults at once: a key without a partner, a
-- partner without a key, and a key that is there twice.
with this_side as (
    select
        {{ column_name }} as linked_id,
        count(*) as row_count
    from {{ model }}
    {% if where_ %}where {{ where_ }}{% endif %}
    group by {{ column_name }}
),

that_side as (
    select
        {{ field }} as linked_id,
        count(*) as row_count
    from {{ micdm.own_rows(to) }}
    group by {{ field }}
),

joined as (
    select
        coalesce(this_side.linked_id, that_side.linked_id) as linked_id,
        coalesce(this_side.row_count, 0) as rows_here,
        coalesce(that_side.row_count, 0) as rows_there
    from this_side
    {{ 'full' if both_ways else 'left' }} join that_side
        on this_side.linked_id = that_side.linked_id
)

select
    linked_id,
    rows_here,
    rows_there
from joined
where
    rows_here <> 1
    or rows_there <> 1
{% endtest %}
