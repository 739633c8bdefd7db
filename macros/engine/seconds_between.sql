{# Seconds from one timestamp to a later one, with their fraction. #}
{% macro seconds_between(from_timestamp, to_timestamp) -%}
    {{ return(adapter.dispatch('seconds_between', 'micdm')(from_timestamp, to_timestamp)) }}
{%- endmacro %}


{% macro default__seconds_between(from_timestamp, to_timestamp) -%}
    cast(extract(epoch from {{ to_timestamp }} - {{ from_timestamp }}) as double precision)
{%- endmacro %}


{% macro spark__seconds_between(from_timestamp, to_timestamp) -%}
    (unix_micros({{ to_timestamp }}) - unix_micros({{ from_timestamp }})) / 1e6
{%- endmacro %}
