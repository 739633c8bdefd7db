{# What the data tests of this project look at. dbt's own macro, and beside a site's CDM our rows
   only: the site's were not made by us, and a fault in them must not stop the build. A test of ids
   against the site's is clear_of_site_ids. #}
{% macro get_where_subquery(relation) -%}
    {% set where = config.get('where') %}
    {% set id = {
        'person': 'person_id',
        'observation_period': 'observation_period_id',
        'visit_occurrence': 'visit_occurrence_id',
        'procedure_occurrence': 'procedure_occurrence_id',
        'measurement': 'measurement_id',
        'observation': 'observation_id',
        'condition_occurrence': 'condition_occurrence_id',
    }.get(relation.identifier) %}
    {% if micdm.is_extend() and id %}
        {% set own = micdm.is_own(relation.identifier, id) %}
        {% set where = '(' ~ where ~ ') and ' ~ own if where else own %}
    {% endif %}
    {% if where %}
        {% do return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') dbt_subquery') %}
    {% else %}
        {% do return(relation) %}
    {% endif %}
{%- endmacro %}
