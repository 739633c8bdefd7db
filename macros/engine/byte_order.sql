{# Text compared byte by byte. Engines collate differently; ids and tie-breaks must not. #}
{% macro byte_order(expression) -%}
    {{ return(adapter.dispatch('byte_order', 'micdm')(expression)) }}
{%- endmacro %}


{% macro default__byte_order(expression) -%}
    {{ expression }}
{%- endmacro %}


{% macro postgres__byte_order(expression) -%}
    {{ expression }} collate "C"
{%- endmacro %}
