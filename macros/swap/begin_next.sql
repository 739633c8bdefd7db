{# With the variable swap_schemas a build makes these schemas beside those that are read, and all of
   their tables: never a part of one night with a part of another. Part of on-run-start. #}
{% macro check_next() -%}
    {% if execute and var('swap_schemas') and flags.WHICH in ('build', 'run', 'retry') %}
        {% do micdm.check_swap() %}
        {% for node in micdm.swapped_models() if node.unique_id not in selected_resources %}
            {% do exceptions.raise_compiler_error(
                'With swap_schemas all models are built, and ' ~ node.name ~ ' is not: run `dbt build`'
                ~ ' without --select or --exclude, and not `dbt retry`.'
            ) %}
        {% endfor %}
    {% endif %}
{%- endmacro %}


{# Until their build has ended well, they don't count as whole. Part of on-run-start. #}
{% macro begin_next() -%}
    {% if execute and var('swap_schemas') and flags.WHICH in ('build', 'run', 'retry') %}
        {% for name in var('swap_schemas') %}
            {# dbt has made them already. Nothing is dropped: it has looked what is there. #}
            comment on schema {{ adapter.quote(micdm.next_schema(name)) }} is null;
        {% endfor %}
    {% endif %}
{%- endmacro %}


{# Says on the schemas that all their models were made and no test failed; `swap_schemas` asks for
   it. Part of on-run-end. #}
{% macro end_next(results) -%}
    {% if execute and var('swap_schemas') and flags.WHICH in ('build', 'run') %}
        {% set made, faults = [], [] %}
        {% for result in results %}
            {% if result.status in ('success', 'pass', 'warn') %}
                {% do made.append(result.node.unique_id) %}
            {% else %}
                {% do faults.append(result.node.unique_id) %}
            {% endif %}
        {% endfor %}
        {% for node in micdm.swapped_models() if node.unique_id not in made %}
            {% do faults.append(node.unique_id) %}
        {% endfor %}
        {% if not faults and not micdm.has_turn() %}
            {% do faults.append('turn') %}
        {% endif %}
        {% for name in var('swap_schemas') if not faults %}
            comment on schema {{ adapter.quote(micdm.next_schema(name)) }}
            is {{ dbt.string_literal(micdm.built_whole()) }};
        {% endfor %}
    {% endif %}
{%- endmacro %}


{% macro built_whole() -%}
    {{ return('micdm: built whole, not swapped yet') }}
{%- endmacro %}


{# The models that a build makes beside what is read. #}
{% macro swapped_models() -%}
    {% set models = [] %}
    {% for node in graph.nodes.values()
        if node.resource_type in ('model', 'seed') and micdm.final_schema(node.schema) != node.schema
        and node.config.materialized != 'ephemeral' %}
        {% do models.append(node) %}
    {% endfor %}
    {{ return(models) }}
{%- endmacro %}


{# Stops a run whose swap_schemas can't work. #}
{% macro check_swap() -%}
    {% if target.type != 'postgres' %}
        {% do exceptions.raise_compiler_error(
            'The variable swap_schemas is for Postgres. On ' ~ target.type
            ~ ' build into a copy of the database (docs/postgres.md).'
        ) %}
    {% endif %}
    {% set found = [] %}
    {% for node in micdm.swapped_models() %}
        {% do found.append(micdm.final_schema(node.schema)) %}
        {# With swap_schemas each build is whole: it makes tables of the strategy `affected` anew. #}
        {% if node.resource_type == 'seed' or node.config.materialized == 'incremental'
            and node.config.incremental_strategy != 'affected' %}
            {% do exceptions.raise_compiler_error(
                'The variable swap_schemas names ' ~ micdm.final_schema(node.schema) ~ ', but '
                ~ node.name ~ ' in it lasts from build to build.'
            ) %}
        {% endif %}
    {% endfor %}
    {% for name in var('swap_schemas') if name not in found %}
        {% do exceptions.raise_compiler_error(
            'The variable swap_schemas names ' ~ name ~ ', and no model is built into it.'
        ) %}
    {% endfor %}
{%- endmacro %}
