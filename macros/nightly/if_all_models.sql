{# The rows of a relation, if this run builds all models. A part of them leaves what was: tables that it
   does not make would count as made, and no later run would make up for them. Not for `dbt retry`
   either, which may go on with a part. #}
{% macro if_all_models(relation) -%}
    {% set left_out = [] %}
    {% if execute %}
        {% for node in graph.get('nodes', {}).values()
            if node.resource_type == 'model' and node.package_name == 'micdm'
            and node.unique_id not in selected_resources %}
            {% do left_out.append(node.name) %}
        {% endfor %}
    {% endif %}
select * from {{ relation }}
    {%- if left_out %}
where 1 = 0
        {%- if load_relation(this) %}
union all
select * from {{ this }}
        {%- endif %}
    {%- endif %}
{%- endmacro %}
