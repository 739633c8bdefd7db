{# Foreign keys are gone while a build replaces their tables: else dbt, which drops tables one by one
   and several at a time, could wait for itself in a circle. Part of on-run-start. #}
{% macro drop_foreign_keys() -%}
    {{ return(adapter.dispatch('drop_foreign_keys', 'micdm')()) }}
{%- endmacro %}


{% macro default__drop_foreign_keys() -%}
{%- endmacro %}


{% macro postgres__drop_foreign_keys() -%}
    {% if execute and flags.WHICH in ('build', 'run', 'retry') %}
        {% set built = [] %}
        {% for key in selected_resources if key in graph.nodes %}
            {% set node = graph.nodes[key] %}
            {% if node.resource_type == 'model' %}
                {% do built.append(dbt.string_literal(node.schema ~ '.' ~ node.alias)) %}
            {% endif %}
        {% endfor %}
        {% set found = run_query(
            "select format('%I.%I', here.nspname, one.relname), conname"
            ~ " from pg_catalog.pg_constraint"
            ~ " join pg_catalog.pg_class as one on one.oid = conrelid"
            ~ " join pg_catalog.pg_namespace as here on here.oid = one.relnamespace"
            ~ " join pg_catalog.pg_class as other on other.oid = confrelid"
            ~ " join pg_catalog.pg_namespace as there on there.oid = other.relnamespace"
            ~ " where contype = 'f' and left(conname, 4) = 'fpk_'"
            ~ " and array[here.nspname || '.' || one.relname, there.nspname || '.' || other.relname]"
            ~ " && array[" ~ (built or ["''"]) | join(', ') ~ "]::text[]"
        ) %}
        {% for row in found.rows %}
            alter table {{ row[0] }} drop constraint if exists {{ adapter.quote(row[1]) }};
        {% endfor %}
    {% endif %}
{%- endmacro %}
