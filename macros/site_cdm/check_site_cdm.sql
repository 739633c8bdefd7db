{# Stops a run beside a site's CDM before anything is built, if that CDM lacks what we need or we
   would write into it. Part of on-run-start. #}
{% macro check_site_cdm() -%}
    {% if execute and micdm.is_extend() %}
        {% for node in graph.sources.values()
            if node.source_name == 'site_cdm'
            or node.source_name == 'vocabulary' and not var('vocabulary_path') %}
            {% do micdm.check_site_table(node) %}
        {% endfor %}
        {% do micdm.check_schemas_apart() %}
    {% endif %}
{%- endmacro %}


{% macro check_site_table(node) -%}
    {% set required = node.config.get('meta', {}).get('required', node.source_name == 'vocabulary') %}
    {% set relation = adapter.get_relation(node.database, node.schema, node.identifier) %}
    {% if required and relation is none %}
        {% do exceptions.raise_compiler_error(
            'The CDM of the site lacks the table ' ~ node.name ~ ': there is no ' ~ node.schema ~ '.'
            ~ node.identifier ~ '. Is site_cdm_schema right, and may this user read it?'
        ) %}
    {% elif relation is not none %}
        {% set present = [] %}
        {% for column in adapter.get_columns_in_relation(relation) %}
            {% do present.append(column.name | lower) %}
        {% endfor %}
        {% for column in node.columns.values()
            if column.name not in present
            and (node.source_name == 'vocabulary' or column.config.get('meta', {}).get('required')) %}
            {% do exceptions.raise_compiler_error(
                'The CDM of the site lacks the column ' ~ node.name ~ '.' ~ column.name
                ~ ', which CDM v5.4 requires.'
            ) %}
        {% endfor %}
    {% endif %}
{%- endmacro %}


{# We never write to the site's schemas. #}
{% macro check_schemas_apart() -%}
    {% set of_site = [] %}
    {% for node in graph.sources.values()
        if node.source_name == 'site_cdm'
        or node.source_name == 'vocabulary' and not var('vocabulary_path') %}
        {% do of_site.append((node.database, node.schema)) %}
    {% endfor %}
    {% for node in graph.nodes.values()
        if node.resource_type in ('model', 'seed') and (node.database, node.schema) in of_site %}
        {% do exceptions.raise_compiler_error(
            'The schema ' ~ node.schema ~ ' is the site\'s, and ' ~ node.name
            ~ ' would be written into it: give our models another one (docs/site-cdm.md).'
        ) %}
    {% endfor %}
{%- endmacro %}
