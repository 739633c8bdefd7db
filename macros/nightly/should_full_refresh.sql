{# Whether a model is made anew: dbt's own rule, and for tables that a nightly run touches only in
   part, whether this build is a whole one (model build_plan). #}
{% macro should_full_refresh() -%}
    {% if config.get('incremental_strategy') == 'affected' %}
        {{ return(not micdm.is_nightly()) }}
    {% endif %}
    {% set of_model = config.get('full_refresh') %}
    {{ return(flags.FULL_REFRESH if of_model is none else of_model) }}
{%- endmacro %}


{# What build_plan decided. A build of some models only goes on as the last plan says: the working
   tables hold what that one read. #}
{% macro is_nightly() -%}
    {% set plan = micdm.nightly_relation('build_plan') %}
    {% set nightly = execute and load_relation(plan) is not none and run_query('select mode from ' ~ plan).rows[0][0] == 'nightly' %}
    {% if nightly and flags.FULL_REFRESH %}
        {% do exceptions.raise_compiler_error(
            'The working tables hold only what the last nightly run read: with --full-refresh build'
            ~ ' everything, without --select.'
        ) %}
    {% endif %}
    {{ return(nightly) }}
{%- endmacro %}


{# A model by its name, where ref() can't be said: in a strategy, or when it is built later. #}
{% macro nightly_relation(name) -%}
    {% if not execute %}
        {{ return(api.Relation.create(identifier=name)) }}
    {% endif %}
    {% set node = graph.nodes['model.micdm.' ~ name] %}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
{%- endmacro %}
