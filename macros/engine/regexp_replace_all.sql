{# Replaces every match of a pattern; \1 in the replacement is its first group. Spark does so by
   itself, the others on request, and writes the group $1. #}
{% macro regexp_replace_all(expression, pattern, replacement) -%}
    {{ return(
        adapter.dispatch('regexp_replace_all', 'micdm')(expression, pattern, replacement)
    ) }}
{%- endmacro %}


{% macro default__regexp_replace_all(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}


{% macro spark__regexp_replace_all(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement | replace('\\', '$') }}')
{%- endmacro %}
