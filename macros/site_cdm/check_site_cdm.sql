{# Stops a run beside a site's CDM before anything is built, if that CDM lacks what we need or we
   would write into it. Part of on-run-start. #}
{% macro check_site_cdm() -%}
    {% if execute and micdm.is_extend() %}
        {% set places = {} %}
        {% for node in graph.sources.values()
            if node.source_name in ('site_cdm', 'site_vocabulary')
            or node.source_name == 'vocabulary' and not var('vocabulary_path') %}
            {% do micdm.check_site_table(node, micdm.columns_of_source(node, places)) %}
        {% endfor %}
        {# We never write to the site's schemas. #}
        {% for node in graph.nodes.values()
            if node.resource_type in ('model', 'seed')
            and (node.database, micdm.final_schema(node.schema)) in places %}
            {% do exceptions.raise_compiler_error(
                'The schema ' ~ micdm.final_schema(node.schema) ~ ' is the site\'s, and ' ~ node.name
                ~ ' would be written into it: give our models another one (docs/site-cdm.md).'
            ) %}
        {% endfor %}
    {% endif %}
{%- endmacro %}


{% macro check_site_table(node, present) -%}
    {% set whole = node.source_name == 'vocabulary' %}
    {% if present is none and (whole or node.config.get('meta', {}).get('required')) %}
        {% do exceptions.raise_compiler_error(
            'The CDM of the site lacks the table ' ~ node.name ~ ': there is no ' ~ node.schema ~ '.'
            ~ node.identifier ~ ', or this user may not read it. Is site_cdm_schema right?'
        ) %}
    {% elif present is not none %}
        {% for column in node.columns.values()
            if column.name not in present
            and (whole or column.config.get('meta', {}).get('required')) %}
            {% do exceptions.raise_compiler_error(
                'The CDM of the site lacks the column ' ~ node.name ~ '.' ~ column.name
                ~ ', which CDM v5.4 requires.'
            ) %}
        {% endfor %}
    {% endif %}
{%- endmacro %}
