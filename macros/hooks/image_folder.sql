{# Hook: image_occurrence.local_path of a file. Default: its folder, or the archive that holds it.
   Override it to turn a mount point into the UNC path of your storage. #}
{% macro image_folder(uri, container_member) -%}
    {{ return(adapter.dispatch('image_folder', 'micdm')(uri, container_member)) }}
{%- endmacro %}


{% macro default__image_folder(uri, container_member) -%}
    case
        when {{ container_member }} is not null then {{ uri }}
        else regexp_replace({{ uri }}, '/[^/]*$', '')
    end
{%- endmacro %}
