{# The keys of rows that only one of two relations of the same columns has: what is new, gone or says
   something else since the last build. #}
{% macro changed_keys(key, now, before) -%}
    {% for one, other in [(now, before), (before, now)] %}
    select appeared.{{ key }}
    from (
        select * from {{ one }} as one
        except
        select * from {{ other }} as other
    ) as appeared
    {{ 'union' if not loop.last }}
    {% endfor %}
{%- endmacro %}
