{# Tells whether a content item bears a number or a code: what is a feature, or counted. One of a
   value type that nobody knows counts too, if it has either. #}
{% macro is_report_value(item) -%}
(
    {{ item }}.value_type in ('NUM', 'CODE')
    or (
        {{ item }}.reason_code = 'unknown_value_type'
        and coalesce({{ item }}.value_number_text, {{ item }}.value_code) is not null
    )
)
{%- endmacro %}
