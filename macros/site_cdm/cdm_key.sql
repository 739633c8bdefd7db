{# The id of a CDM table that we add rows to; an event has none of its own, and is ours if its episode
   is. None for other tables. #}
{% macro cdm_key(table) -%}
    {{ return({
        'person': 'person_id',
        'observation_period': 'observation_period_id',
        'visit_occurrence': 'visit_occurrence_id',
        'procedure_occurrence': 'procedure_occurrence_id',
        'condition_occurrence': 'condition_occurrence_id',
        'measurement': 'measurement_id',
        'observation': 'observation_id',
        'episode': 'episode_id',
        'episode_event': 'episode_id',
    }.get(table)) }}
{%- endmacro %}
