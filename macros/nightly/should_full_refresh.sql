{# Whether a model is made anew: dbt's own rule, and for tables that a nightly run touches only in
   part, whether this build is a whole one (model build_plan). #}
{% macro should_full_refresh() -%}
    {% if config.get('incremental_strategy') == 'affected' %}
        {{ return(not micdm.is_nightly()) }}
    {% endif %}
    {% set of_model = config.get('full_refresh') %}
    {{ return(flags.FULL_REFRESH if of_model is none else of_model) }}
{%- endmacro %}
