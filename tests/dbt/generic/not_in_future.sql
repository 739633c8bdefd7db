{% test not_in_future(model, column_name) %}
-- One day of grace: dates are local to the scanner, `current_date` to the database server.
select {{ column_name }}
from {{ model }}
where cast({{ column_name }} as date) > current_date + interval '1' day
{% endtest %}
