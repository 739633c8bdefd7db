{% test fits_32_bits(model, column_name) %}
-- Ids start at 1: 0 and below would look like "nobody" or "no match" to OHDSI tools. The upper
-- bound is that of `integer` in the OHDSI DDL, which many sites run as it is.
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} < 1
    or {{ column_name }} > 2147483647
{% endtest %}
