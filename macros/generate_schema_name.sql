{# Schemas are named as they are (omop, quality, ...): others rely on these names. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
