{# Schemas are named as they are (omop, quality, ...): others rely on these names. Those that are
   swapped in at the end (var swap_schemas) are built under another name. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {% set name = (custom_schema_name or target.schema) | trim %}
    {{- micdm.next_schema(name) if name in var('swap_schemas') else name -}}
{%- endmacro %}


{# Where a schema is built that takes the place of another. #}
{% macro next_schema(name) -%}
    {{ return(name ~ '_next') }}
{%- endmacro %}


{# The schema whose place a schema takes in the end: mostly its own. #}
{% macro final_schema(schema) -%}
    {% for name in var('swap_schemas') if micdm.next_schema(name) == schema %}
        {{ return(name) }}
    {% endfor %}
    {{ return(schema) }}
{%- endmacro %}
