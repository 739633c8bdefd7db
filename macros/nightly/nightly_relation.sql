{# A model by its name, where ref() can't be said: in a strategy, or when it is built later. #}
{% macro nightly_relation(name) -%}
    {% if not execute %}
        {{ return(api.Relation.create(identifier=name)) }}
    {% endif %}
    {% set node = graph.nodes['model.micdm.' ~ name] %}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
{%- endmacro %}
