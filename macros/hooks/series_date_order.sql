{# Hook: the order in which a series' date is looked for (docs/decisions/0006). Override it to
   return another order of: series, acquisition, content, study. #}
{% macro series_date_order() -%}
    {{ return(adapter.dispatch('series_date_order', 'micdm')()) }}
{%- endmacro %}


{% macro default__series_date_order() -%}
    {% if var('study_date_first') %}
        {{ return(['study', 'series', 'acquisition', 'content']) }}
    {% endif %}
    {{ return(['series', 'acquisition', 'content', 'study']) }}
{%- endmacro %}
