{# Our viewers open files by UNC path; the extractor runs where the share is mounted. Takes the
   place of the package's macro of this name (see `dispatch` in dbt_project.yml). #}
{% macro default__image_folder(uri, container_member) -%}
    {% set folder = micdm.default__image_folder(uri, container_member) %}
    {% set mount = var('image_mount').rstrip('/') ~ '/' %}
    case
        when substr({{ folder }}, 1, {{ mount | length }}) = '{{ mount }}'
            then '{{ var("image_share") }}\'
                || replace(substr({{ folder }}, {{ mount | length + 1 }}), '/', '\')
        else {{ folder }}
    end
{%- endmacro %}
