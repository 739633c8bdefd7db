{# Makes the staged tables readable as schema raw_dicom. Postgres and Spark hold them as tables
   already (`micdm load`), so only DuckDB, which reads the Parquet in place, has something to do. #}
{% macro create_raw_dicom() -%}
    {{ return(adapter.dispatch('create_raw_dicom', 'micdm')()) }}
{%- endmacro %}


{% macro default__create_raw_dicom() -%}
{%- endmacro %}


{# One view a source table. Columns and types come from the source YAML: a part file written before
   a column existed reads as NULL. A wrong raw_path must not empty the tables of an earlier build:
   without any part of dicom_instance (`micdm stage` always writes one) nothing is built. #}
{% macro duckdb__create_raw_dicom() -%}
    {% if execute %}
        {% set schema_name = var('raw_dicom_schema') %}
        {% set raw_path = var('raw_path') %}
        create schema if not exists {{ schema_name }};
        {% for node in graph.sources.values() if node.source_name == 'raw_dicom' %}
            {% set parts = micdm.glob_literal(raw_path) ~ '/' ~ node.name ~ '/*.parquet' %}
            {% set quoted = "'" ~ parts | replace("'", "''") ~ "'" %}
            {% set found = run_query('select count(*) from glob(' ~ quoted ~ ')').columns[0][0] %}
            {% if not found and node.name == 'dicom_instance' and flags.WHICH in ('build', 'run') %}
                {{ exceptions.raise_compiler_error(
                    'Nothing is staged under ' ~ raw_path
                    ~ ': run `micdm stage` first, or set the variable raw_path.'
                ) }}
            {% endif %}
            create or replace view {{ schema_name }}.{{ node.name }} as
            select
            {% for column in node.columns.values() %}
                cast({{ column.name if found else 'null' }} as {{ column.data_type }})
                    as {{ column.name }}{{ ',' if not loop.last }}
            {% endfor %}
            {% if found %}
            from read_parquet({{ quoted }}, union_by_name = true);
            {% else %}
            where false;
            {% endif %}
        {% endfor %}
    {% endif %}
{%- endmacro %}


{# A path in which DuckDB's glob takes every character for itself. #}
{% macro glob_literal(path) -%}
    {{ path | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') }}
{%- endmacro %}
