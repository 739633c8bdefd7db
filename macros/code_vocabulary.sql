{# Vocabulary and code of a coded entry of a file, joined to int_coded_entry as `entry`: an unknown
   scheme is its own vocabulary, so that two codes are one only when both parts agree. #}
{% macro code_vocabulary(entry, scheme) -%}
    coalesce({{ entry }}.vocabulary_id, {{ scheme }})
{%- endmacro %}


{% macro code_of(entry, code) -%}
    coalesce({{ entry }}.concept_code, {{ code }})
{%- endmacro %}
