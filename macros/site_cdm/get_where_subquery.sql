{# What the data tests of this project look at: dbt's own macro for it, and beside a site's CDM our
   rows only. The site's were not made by us, and a fault in them must not stop the build. Whether an
   id of ours is one of the site's as well is tested on the registries (clear_of_site_ids). #}
{% macro get_where_subquery(relation) -%}
    {% do micdm.show_life() %}
    {{ return(micdm.own_rows(relation, config.get('where'))) }}
{%- endmacro %}


{# The rows of a CDM table that are ours, as something to select from. #}
{% macro own_rows(relation, where=none) -%}
    {% set conditions = [where] if where else [] %}
    {% set id = micdm.cdm_key(relation.identifier) %}
    {% if micdm.is_extend() and id %}
        {% set table = relation.identifier | replace('_event', '') %}
        {% do conditions.append(micdm.is_own(table, id)) %}
    {% endif %}
    {% if conditions %}
        {{ return('(select * from ' ~ relation ~ ' where (' ~ conditions | join(') and (')
            ~ ')) own_rows') }}
    {% else %}
        {{ return(relation) }}
    {% endif %}
{%- endmacro %}
