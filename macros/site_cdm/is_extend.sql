{# Whether we add to the OMOP CDM of a site (var cdm_mode: extend) or stand alone. #}
{% macro is_extend() -%}
    {{ return(var('cdm_mode') == 'extend') }}
{%- endmacro %}


{# What becomes of a patient whom the CDM does not know: var person_policy, else by the mode. #}
{% macro person_policy() -%}
    {{ return(var('person_policy') or ('quarantine' if micdm.is_extend() else 'create')) }}
{%- endmacro %}


{# Whether there is a vocabulary besides that of our seeds: a download, or the site's own. #}
{% macro has_vocabulary() -%}
    {{ return(var('vocabulary_path') is not none or micdm.is_extend()) }}
{%- endmacro %}
