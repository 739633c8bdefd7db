{# A computed number with so many significant digits, so that 0.1 + 0.2 is 0.3. Powers of ten up to
   1e22 are exact, so multiplying and dividing by them gives the number that a person would write. #}
{% macro significant(expression, digits=9) -%}
    {% set shift = digits - 1 %}
    {% set size = 'cast(floor(log10(abs(' ~ expression ~ '))) as integer)' %}
    case
        when {{ expression }} = 0 then 0
        when {{ size }} <= {{ shift }}
            then floor({{ expression }} * power(10e0, {{ shift }} - {{ size }}) + 0.5)
                / power(10e0, {{ shift }} - {{ size }})
        else floor({{ expression }} / power(10e0, {{ size }} - {{ shift }}) + 0.5)
            * power(10e0, {{ size }} - {{ shift }})
    end
{%- endmacro %}
