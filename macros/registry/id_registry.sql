{# The SQL of a registry model: natural key -> dense integer id that never changes.

   relation     where the keys of this build come from
   id           the name of the id column
   table        the CDM table, whose offset (var id_offset) keeps our ids clear of a site's own
   text_key     the text columns of the natural key; none may be NULL
   number_key   its integer columns
   condition    which rows of the relation count, if not all

   Keys known from earlier builds keep their number; new ones are numbered on from the highest,
   in byte order of the key, so that a fresh build gives the same ids on every engine. #}
{% macro id_registry(relation, id, table, text_key=[], number_key=[], condition=none) %}
    {% set key = number_key + text_key %}
    {% set order = number_key | map('string') | list %}
    {% for column in text_key %}
        {% do order.append(micdm.byte_order(column)) %}
    {% endfor %}
    with

    natural_key as (
        select distinct {{ key | join(', ') }}
        from {{ relation }}
        {{ 'where ' ~ condition if condition }}
    ),

    new_key as (
        select natural_key.*
        from natural_key
        {% if is_incremental() %}
        left join {{ this }} as known
            on
            {% for column in key %}
                natural_key.{{ column }} = known.{{ column }}
                {{ 'and' if not loop.last }}
            {% endfor %}
        where known.{{ id }} is null
        {% endif %}
    ),

    highest as (
        {% if is_incremental() %}
        select coalesce(max({{ id }}), {{ micdm.id_offset(table) }}) as highest_id
        from {{ this }}
        {% else %}
        select {{ micdm.id_offset(table) }} as highest_id
        {% endif %}
    ),

    numbered as (
        select
            new_key.*,
            highest.highest_id
            + row_number() over (order by {{ order | join(', ') }}) as {{ id }}
        from new_key
        cross join highest
    )

    -- A number beyond the 32 bits of the CDM stops the build, with the text as the error.
    select
        {{ key | join(', ') }},
        case
            when {{ id }} <= 2147483647 then cast({{ id }} as integer)
            else cast(
                'The ids of {{ table }} would pass 2147483647: this is number '
                || cast({{ id }} as {{ dbt.type_string() }}) as integer
            )
        end as {{ id }}
    from numbered
{% endmacro %}


{# Ids of a CDM table start after this number: var id_offset, else 0. Beside a site's CDM half of
   what 32 bits hold is left to the site's own ids. #}
{% macro id_offset(table) -%}
    {% set of_site = micdm.is_extend() and table not in ('image_occurrence', 'image_feature', 'image_finding') %}
    {{- return(var('id_offset').get(table, 1000000000 if of_site else 0)) -}}
{%- endmacro %}
