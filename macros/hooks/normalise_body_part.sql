{# Hook: the key under which a Body Part Examined value is looked up: upper case, letters and
   digits only, so that 'Chest', 'CHEST ' and 'chest_' are one value. #}
{% macro normalise_body_part(expression) -%}
    {{ return(adapter.dispatch('normalise_body_part', 'micdm')(expression)) }}
{%- endmacro %}


{% macro default__normalise_body_part(expression) -%}
    {{ micdm.regexp_replace_all('upper(' ~ expression ~ ')', '[^A-Z0-9]', '') }}
{%- endmacro %}
