{# The SQL of a staging model over a table of the site's CDM: the columns that the YAML of the model
   lists, in their types. One that the site lacks is NULL (check_site_cdm has stopped the run if the
   CDM requires it). Without a site CDM an empty relation of the same columns. #}
{% macro site_table(table) %}
    {% if micdm.is_extend() %}
    {{ micdm.site_columns(source('site_cdm', table), model.columns) }}
    {% else %}
    select
    {% for column in model.columns.values() %}
        {{ micdm.null_of(column.data_type | replace('string', dbt.type_string())) }}
            as {{ column.name }}{{ ',' if not loop.last }}
    {% else %}
        1 as parsing
    {% endfor %}
    where 1 = 0
    {% endif %}
{% endmacro %}


{# The SQL of a view that hands a table of the site on. #}
{% macro pass_through(source_name, table) %}
    {% set relation = source(source_name, table) %}
    {% set key = 'source.micdm.' ~ source_name ~ '.' ~ table %}
    {{ micdm.site_columns(relation, graph.sources[key].columns if execute else {}) }}
{% endmacro %}


{# These columns of a relation of the site, in their types; rows only where the relation is there. #}
{% macro site_columns(relation, columns) %}
    {% set present = {} %}
    {% if execute %}
        {% set found = load_relation(relation) %}
        {% for column in (adapter.get_columns_in_relation(found) if found else []) %}
            {% do present.update({column.name | lower: adapter.quote(column.name)}) %}
        {% endfor %}
    {% endif %}
    select
    {% for column in columns.values() %}
        cast({{ present.get(column.name, 'null') }}
            as {{ column.data_type | replace('string', dbt.type_string()) }})
            as {{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
    {% else %}
        1 as parsing
    {% endfor %}
    {% if present %}
    from {{ relation }}
    {% else %}
    where 1 = 0
    {% endif %}
{% endmacro %}


{# The site's rows of a CDM table that we add to, as the last part of the model's union; nothing
   without a site CDM. Staging has the columns in the order of the CDM, and so has the model. #}
{% macro site_rows(table) -%}
    {% if micdm.is_extend() %}
union all
select * from {{ ref('micdm', 'stg_cdm_' ~ table) }}
    {%- endif %}
{%- endmacro %}


{# Keeps the rows that are ours, in a condition: the site's have ids up to the offset. #}
{% macro is_own(table, id) -%}
    {{ id ~ ' > ' ~ micdm.id_offset(table) if micdm.is_extend() else '1 = 1' }}
{%- endmacro %}
