{# The last part of on-run-end. On a full disk each model ends with an error of its own, and dbt with
   exit status 1, as if a test had failed. This says it once, and ends with status 2. #}
{% macro check_disk(results) -%}
    {% for result in results if 'No space left on device' in (result.message or '') %}
        {% do exceptions.raise_compiler_error(
            'The disk of the database is full: make room, then run the same again.'
        ) %}
    {% endfor %}
{%- endmacro %}
