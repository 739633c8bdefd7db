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


{# The names of the columns of a source, none without it. `places` is a dict that keeps what was found
   of each schema, so that each is looked at once. #}
{% macro columns_of_source(node, places) -%}
    {% set place = (node.database, node.schema) %}
    {% if place not in places %}
        {% do places.update({place: micdm.columns_of_schema(node.database, node.schema)}) %}
    {% endif %}
    {{ return(places[place].get(node.identifier)) }}
{%- endmacro %}
