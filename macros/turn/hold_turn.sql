{# Before each model and seed: a lock that shows that this run lives, until the connection of the node
   ends; and a stop, if the turn was taken from it. #}
{% macro hold_turn() -%}
    {{ return(adapter.dispatch('hold_turn', 'micdm')()) }}
{%- endmacro %}


{% macro default__hold_turn() -%}
{%- endmacro %}


{% macro postgres__hold_turn() -%}
    {% if execute and flags.WHICH in ('build', 'run', 'seed', 'retry') %}
do $turn$
begin
    perform pg_advisory_lock_shared({{ micdm.turn_key() }});
    if not exists (
        select from {{ adapter.quote(micdm.turn_schema()) }}.running_build
        where invocation_id = {{ dbt.string_literal(invocation_id) }}
    ) then
        raise exception 'Another dbt run has taken over, as this one did nothing for a while.';
    end if;
end
$turn$
    {% endif %}
{%- endmacro %}


{# The same lock for a data test, which may take long. #}
{% macro show_life() -%}
    {{ return(adapter.dispatch('show_life', 'micdm')()) }}
{%- endmacro %}


{% macro default__show_life() -%}
{%- endmacro %}


{% macro postgres__show_life() -%}
    {% if execute and flags.WHICH in ('build', 'retry') %}
        {% do run_query('select pg_advisory_lock_shared(' ~ micdm.turn_key() ~ ')') %}
    {% endif %}
{%- endmacro %}
