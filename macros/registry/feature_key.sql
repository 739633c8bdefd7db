{# What makes a parameter of a series, or a feature of a finding, one and the same in every build: the
   place of the value, not the value. Registries number it, and whoever wants its ids joins on it. #}
{% macro feature_key() -%}
    {{ return({
        'number_key': ['image_occurrence_id', 'item', 'position'],
        'text_key': ['path', 'value_slot'],
    }) }}
{%- endmacro %}


{# The join condition of two relations that have that key. #}
{% macro same_feature(one, other) -%}
    {% set key = micdm.feature_key() %}
    {% for column in key['number_key'] + key['text_key'] %}
    {{- one }}.{{ column }} = {{ other }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
