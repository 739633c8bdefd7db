{% test no_row_where(model, condition) %}
-- For rules between the columns of one row. Give it a `name` that states the rule.
with rows_of_model as (
    select *
    from {{ model }}
)

select *
from rows_of_model
where {{ condition }}
{% endtest %}
