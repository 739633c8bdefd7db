{# How designators of coding schemes are compared: SNOMED-CT, snomed ct and SNOMEDCT are one. #}
{% macro scheme_key(column) -%}
    upper(translate({{ column }}, '- _', ''))
{%- endmacro %}
