{# The names of the models of the strategy `affected` whose table is not there. #}
{% macro missing_tables() -%}
    {% set missing = [] %}
    {% if execute %}
        {% for node in graph.get('nodes', {}).values()
            if node.resource_type == 'model' and node.package_name == 'micdm'
            and node.config.incremental_strategy == 'affected'
            and not load_relation(micdm.nightly_relation(node.name)) %}
            {% do missing.append(node.name) %}
        {% endfor %}
    {% endif %}
    {{ return(missing) }}
{%- endmacro %}
