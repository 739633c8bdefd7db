{# A text that changes when a row of a relation does, is added or goes: the sum of hashes of whole
   rows, so that no order matters. `alias` is the relation's name in the query. An aggregate. #}
{% macro state_of_rows(alias) -%}
    {{ return(adapter.dispatch('state_of_rows', 'micdm')(alias)) }}
{%- endmacro %}


{% macro default__state_of_rows(alias) -%}
    cast(count(*) as varchar) || ' ' || coalesce(cast(sum(hash({{ alias }})) as varchar), '')
{%- endmacro %}


{% macro postgres__state_of_rows(alias) -%}
    count(*)::text || ' ' || coalesce(sum(hashtextextended({{ alias }}::text, 0)::numeric)::text, '')
{%- endmacro %}


{% macro spark__state_of_rows(alias) -%}
    concat(count(*), ' ', coalesce(sum(cast(xxhash64({{ alias }}.*) as decimal(38, 0))), ''))
{%- endmacro %}
