{# The concept id that plays a role in the CDM (seed cdm_concept), e.g. 'type_ehr'. No literal id
   stands in SQL. A role that is not in the seed gives NULL, which a not_null contract refuses. #}
{% macro cdm_concept(role) -%}
    (select concept_id from {{ ref('int_cdm_concept') }} where role = '{{ role }}')
{%- endmacro %}


{# A NULL with a type, for CDM columns that image headers say nothing about. #}
{% macro null_of(data_type) -%}
    cast(null as {{ data_type }})
{%- endmacro %}
