{# True when a path of the attribute list leads into a sequence. The dots of a private creator's name
   do not count: `[ACME 1.0]0019,xx0C` is top level, `[ACME 1.0]0019,xx0C.KVP` is not. #}
{% macro is_nested(path) -%}
    case
        when {{ path }} like '[%' then {{ path }} like '%]____,xx__.%'
        else {{ path }} like '%.%'
    end
{%- endmacro %}
