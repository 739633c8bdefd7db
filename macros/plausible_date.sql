{# A date that an image can have: from the discovery of X-rays to today (a day more, for time
   zones); else NULL. Placeholders such as 20991231 or 00010101 are calendar dates all the same. #}
{% macro plausible_date(column) -%}
    case when {{ micdm.is_plausible_date(column) }} then {{ column }} end
{%- endmacro %}


{% macro is_plausible_date(column) -%}
    {{ column }} between cast('1895-11-08' as date)
    and {{ dbt.dateadd('day', 1, 'current_date') }}
{%- endmacro %}
