{# Keeps the rows of the files that this build has to read first, in a condition. The runs by their
   names: a database that knows them when it plans passes over the parts of all others. #}
{% macro is_of_unbuilt_run(run_id) -%}
    {% set unbuilt = micdm.nightly_relation('unbuilt_run') %}
    {% set runs = [] %}
    {% if execute and load_relation(unbuilt) %}
        {% for row in run_query("select run_id from " ~ unbuilt ~ " where run_kind = 'extract'").rows %}
            {% do runs.append(dbt.string_literal(row[0])) %}
        {% endfor %}
    {% endif %}
    {{ return(run_id ~ ' in (' ~ (runs | join(', ') or 'null') ~ ')') }}
{%- endmacro %}
