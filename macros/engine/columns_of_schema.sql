{# Table -> names of its columns, of a schema; all in lower case. By a query of its own: dbt's ways
   to look would open a transaction, and what on-run-start makes would not outlast it. #}
{% macro columns_of_schema(database, schema) -%}
    {{ return(adapter.dispatch('columns_of_schema', 'micdm')(database, schema)) }}
{%- endmacro %}


{% macro default__columns_of_schema(database, schema) -%}
    {% set found = run_query(
        'select lower(table_name) as table_name, lower(column_name) as column_name'
        ~ ' from information_schema.columns where table_catalog = '
        ~ dbt.string_literal(database) ~ ' and table_schema = ' ~ dbt.string_literal(schema)
    ) %}
    {% set columns = {} %}
    {% for row in found.rows %}
        {% do columns.setdefault(row[0], []).append(row[1]) %}
    {% endfor %}
    {{ return(columns) }}
{%- endmacro %}
