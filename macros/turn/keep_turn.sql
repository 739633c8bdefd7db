{# For an operation on Postgres, which has one connection: no build may be at work, nor begin before the
   operation ends. #}
{% macro keep_turn() -%}
    {% do micdm.wait_for_turn(is_taken=false) %}
    {% if not run_query('select pg_try_advisory_lock(' ~ micdm.turn_key() ~ ')').columns[0][0] %}
        {% do exceptions.raise_compiler_error(
            'Another dbt run builds into this database: let it finish first.'
        ) %}
    {% endif %}
{%- endmacro %}
