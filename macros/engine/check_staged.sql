{# Stops a run with a sentence if what `micdm load` and `micdm load-vocabulary` bring into Postgres is
   not there, or is of an older version. DuckDB reads the files. Part of on-run-start. #}
{% macro check_staged() -%}
    {{ return(adapter.dispatch('check_staged', 'micdm')()) }}
{%- endmacro %}


{% macro default__check_staged() -%}
{%- endmacro %}


{% macro postgres__check_staged() -%}
    {% if execute and flags.WHICH in ('build', 'run', 'retry') %}
        {% do micdm.check_loaded('raw_dicom', 'micdm load') %}
        {% if var('vocabulary_path') %}
            {% do micdm.check_loaded('vocabulary', 'micdm load-vocabulary') %}
        {% endif %}
    {% endif %}
{%- endmacro %}


{% macro check_loaded(source_name, command) -%}
    {% set places = {} %}
    {% for node in graph.sources.values() if node.source_name == source_name %}
        {% set present = micdm.columns_of_source(node, places) %}
        {% if present is none %}
            {% do exceptions.raise_compiler_error(
                'There is no table ' ~ node.schema ~ '.' ~ node.identifier
                ~ ', or this user may not read it: run `' ~ command ~ '` first.'
            ) %}
        {% endif %}
        {% for column in node.columns.values() if column.name not in present %}
            {% do exceptions.raise_compiler_error(
                'The table ' ~ node.schema ~ '.' ~ node.identifier ~ ' has no column ' ~ column.name
                ~ ': run `' ~ command ~ '` of this version first.'
            ) %}
        {% endfor %}
    {% endfor %}
{%- endmacro %}
