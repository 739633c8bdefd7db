{# After a build with the variable swap_schemas: `dbt run-operation swap_schemas` puts the new tables
   in the place of the old ones, all in one transaction (docs/postgres.md).

   wait_seconds   how long to wait for readers whose transactions hold old tables #}
{% macro swap_schemas(wait_seconds=600) -%}
    {{ return(adapter.dispatch('swap_schemas', 'micdm')(wait_seconds)) }}
{%- endmacro %}


{% macro default__swap_schemas(wait_seconds) -%}
    {% do log(
        'swap_schemas: nothing to do on ' ~ target.type
        ~ '. Build into a copy of the database (docs/postgres.md).', info=true
    ) %}
{%- endmacro %}


{% macro postgres__swap_schemas(wait_seconds) -%}
    {% if not var('swap_schemas') %}
        {% do exceptions.raise_compiler_error(
            'swap_schemas: the variable swap_schemas names no schema. Give it as to `dbt build`.'
        ) %}
    {% endif %}
    {% do micdm.check_swap() %}
    {% do micdm.keep_turn() %}
    {% set whole = run_query(
        "select nspname from pg_catalog.pg_namespace where obj_description(oid, 'pg_namespace') = "
        ~ dbt.string_literal(micdm.built_whole())
    ).columns[0].values() %}
    {% for name in var('swap_schemas') if micdm.next_schema(name) not in whole %}
        {% do exceptions.raise_compiler_error(
            'swap_schemas: nothing was swapped. ' ~ micdm.next_schema(name)
            ~ ' is not there, or its build did not succeed: run `dbt build` with swap_schemas first.'
        ) %}
    {% endfor %}
    {% set relations = [] %}
    {% for node in micdm.swapped_models() %}
        {% do relations.append(node.schema ~ '.' ~ node.alias) %}
    {% endfor %}
    {% do run_query(
        micdm.swap_statement(var('swap_schemas'), relations, wait_seconds | float) ~ '; commit'
    ) %}
    {% do log('swap_schemas: swapped ' ~ var('swap_schemas') | join(', ') ~ '.', info=true) %}
{%- endmacro %}
