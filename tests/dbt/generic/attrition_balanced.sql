{% test attrition_balanced(model) %}
-- Nothing is lost unseen: what goes into a step comes out of it or is quarantined.
with steps as (
    select *
    from {{ model }}
)

select *
from steps
where
    rows_in is null
    or rows_out is null
    or rows_quarantined is null
    or rows_in <> rows_out + rows_quarantined
{% endtest %}
