{# Where a file lies, in one text: its URI, and of a member of an archive the member too. #}
{% macro file_place(uri, member) -%}
    'file ' || {{ uri }} || coalesce(' ' || {{ member }}, '')
{%- endmacro %}
