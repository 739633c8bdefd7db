{# How designators of coding schemes are compared: SNOMED-CT, snomed ct and SNOMEDCT are one. #}
{% macro scheme_key(column) -%}
    upper(translate({{ column }}, '- _', ''))
{%- endmacro %}


{# One row per key of a coding scheme: the vocabulary that seed coding_scheme gives it. #}
{% macro vocabulary_of_scheme() -%}
    select
        {{ micdm.scheme_key('coding_scheme') }} as scheme_key,
        min({{ micdm.byte_order('vocabulary_id') }}) as vocabulary_id
    from {{ ref('mapping_coding_scheme') }}
    group by {{ micdm.scheme_key('coding_scheme') }}
{%- endmacro %}
