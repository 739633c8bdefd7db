{# Keeps the rows of files of the patients that this build reads, in a condition. #}
{% macro is_of_affected_file(relation) -%}
exists (
    select 1
    from {{ ref('affected_file') }} as affected_file
    where
        affected_file.run_id = {{ relation }}.run_id
        and affected_file.file_id = {{ relation }}.file_id
)
{%- endmacro %}
