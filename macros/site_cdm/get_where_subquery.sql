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
    {% set id = {
        'person': 'person_id',
        'observation_period': 'observation_period_id',
        'visit_occurrence': 'visit_occurrence_id',
        'procedure_occurrence': 'procedure_occurrence_id',
        'condition_occurrence': 'condition_occurrence_id',
        'measurement': 'measurement_id',
        'observation': 'observation_id',
        'episode': 'episode_id',
        'episode_event': 'episode_id',
    }.get(relation.identifier) %}
    {% if micdm.is_extend() and id %}
        {# An event has no id of its own; it is ours if its episode is. #}
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
