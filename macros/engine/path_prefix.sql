{# The first so many steps of a path with dots: of '1.2.3.4' with 2, '1.2'. #}
{% macro path_prefix(path, steps) -%}
    {{ return(adapter.dispatch('path_prefix', 'micdm')(path, steps)) }}
{%- endmacro %}


{% macro default__path_prefix(path, steps) -%}
    array_to_string((string_to_array({{ path }}, '.'))[1:{{ steps }}], '.')
{%- endmacro %}


{% macro spark__path_prefix(path, steps) -%}
    substring_index({{ path }}, '.', {{ steps }})
{%- endmacro %}
