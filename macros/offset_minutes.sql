{# Minutes of a checked time-zone offset, '+HHMM' or '-HHMM'. #}
{% macro offset_minutes(expression) -%}
    (
        case when substr({{ expression }}, 1, 1) = '-' then -1 else 1 end
        * (
            cast(substr({{ expression }}, 2, 2) as integer) * 60
            + cast(substr({{ expression }}, 4, 2) as integer)
        )
    )
{%- endmacro %}
