{# Makes the vocabulary of a site (var vocabulary_path) readable as schema vocabulary. Postgres holds
   it as tables already (`micdm load-vocabulary`), so only DuckDB has something to do. #}
{% macro create_vocabulary() -%}
    {{ return(adapter.dispatch('create_vocabulary', 'micdm')()) }}
{%- endmacro %}


{% macro default__create_vocabulary() -%}
{%- endmacro %}


{# One view a table, over CONCEPT.csv, CONCEPT_RELATIONSHIP.csv, ... as Athena packs them: columns
   separated by tabs, no quotes, dates as YYYYMMDD. Or over Parquet files of the same names. #}
{% macro duckdb__create_vocabulary() -%}
    {% if execute and var('vocabulary_path') %}
        {% set schema_name = var('vocabulary_schema') %}
        {% set path = var('vocabulary_path').rstrip('/') | replace("'", "''") %}
        create schema if not exists {{ schema_name }};
        {% for node in graph.sources.values() if node.source_name == 'vocabulary' %}
            {% set files = [] %}
            {% for name in [node.name | upper, node.name] %}
                {% for ending in ['parquet', 'csv'] %}
                    {% set file = "'" ~ path ~ '/' ~ name ~ '.' ~ ending ~ "'" %}
                    {% if run_query('select count(*) from glob(' ~ file ~ ')').columns[0][0] %}
                        {% do files.append([ending, file]) %}
                    {% endif %}
                {% endfor %}
            {% endfor %}
            {% if not files and node.name == 'concept' %}
                {% do exceptions.raise_compiler_error(
                    'vocabulary_path: there is no CONCEPT.csv or CONCEPT.parquet in '
                    ~ var('vocabulary_path')
                ) %}
            {% endif %}
            create or replace view {{ schema_name }}.{{ node.name }} as
            select
            {% for column in node.columns.values() %}
                {% set text = "nullif(cast(" ~ column.name ~ " as varchar), '')" %}
                {% if not files %}
                cast(null as {{ column.data_type }})
                {% elif column.data_type == 'date' %}
                cast(strptime(substr(replace({{ text }}, '-', ''), 1, 8), '%Y%m%d') as date)
                {% else %}
                cast({{ text }} as {{ column.data_type }})
                {% endif %}
                    as {{ column.name }}{{ ',' if not loop.last }}
            {% endfor %}
            {% if not files %}
            where false;
            {% elif files[0][0] == 'parquet' %}
            from read_parquet({{ files[0][1] }});
            {% else %}
            from read_csv(
                {{ files[0][1] }},
                delim = '\t', header = true, quote = '', escape = '', all_varchar = true
            );
            {% endif %}
        {% endfor %}
    {% endif %}
{%- endmacro %}
