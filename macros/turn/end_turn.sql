{# The last part of on-run-end: the next build may begin. #}
{% macro end_turn() -%}
    {{ return(adapter.dispatch('end_turn', 'micdm')()) }}
{%- endmacro %}


{% macro default__end_turn() -%}
{%- endmacro %}


{% macro postgres__end_turn() -%}
    {% if execute and flags.WHICH in ('build', 'run', 'seed', 'retry') %}
        delete from {{ adapter.quote(micdm.turn_schema()) }}.running_build
        where invocation_id = {{ dbt.string_literal(invocation_id) }}
    {% endif %}
{%- endmacro %}


{# Whether the turn was not taken from this run. #}
{% macro has_turn() -%}
    {{ return(run_query(
        'select count(*) from ' ~ adapter.quote(micdm.turn_schema()) ~ '.running_build'
        ~ ' where invocation_id = ' ~ dbt.string_literal(invocation_id)
    ).columns[0][0] > 0) }}
{%- endmacro %}
