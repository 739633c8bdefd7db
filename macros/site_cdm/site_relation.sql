{# A table that a site fills for us, by the name that a variable gives: a seed or model of the project
   that dbt runs, or, with a dot in it, a table of the database such as imaging.person_mapping. #}
{% macro site_relation(name) -%}
    {% if '.' in name %}
    {{ return(name) }}
    {% else %}
    {# By the name of its project: dbt warns of a bare name that leads from a package to the root. #}
    {{ return(ref(project_name, name)) }}
    {% endif %}
{%- endmacro %}
