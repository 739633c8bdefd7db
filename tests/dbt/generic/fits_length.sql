{% test fits_length(model, limits) %}
-- The contract says `string`, which has no length on DuckDB and Spark. The CDM's lengths matter on
-- the day a site copies the rows into tables made by the OHDSI DDL. One pass for all columns.
select
    {%- for column in limits %}
    max(length({{ column }})) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ model }}
having
    {%- for column, limit in limits.items() %}
    {{ 'or ' if not loop.first }}max(length({{ column }})) > {{ limit }}
    {%- endfor %}
{% endtest %}
