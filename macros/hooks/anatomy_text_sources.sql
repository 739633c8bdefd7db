{# Hook: the attributes whose words may name a body part, in the order in which they are believed.
   Descriptions only if the site says so (var anatomy_from_description): they are free text. #}
{% macro anatomy_text_sources() -%}
    {{ return(adapter.dispatch('anatomy_text_sources', 'micdm')()) }}
{%- endmacro %}


{% macro default__anatomy_text_sources() -%}
    {% set sources = [
        'BodyPartExamined',
        'ProcedureCodeSequence',
        'RequestedProcedureCodeSequence',
        'RequestAttributesSequence.RequestedProcedureCodeSequence',
    ] %}
    {% if var('anatomy_from_description') %}
        {% set sources = sources + ['ProtocolName', 'SeriesDescription', 'StudyDescription'] %}
    {% endif %}
    {{ return(sources) }}
{%- endmacro %}
