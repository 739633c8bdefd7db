{# A date column and a staged time text ('HH:MM:SS.ffffff') as one timestamp; NULL without a time:
   midnight would be an invented time. #}
{% macro date_and_time(date_column, time_column) -%}
    case
        when {{ time_column }} is not null
            then cast(
                cast({{ date_column }} as {{ dbt.type_string() }}) || ' ' || {{ time_column }}
                as timestamp
            )
    end
{%- endmacro %}
