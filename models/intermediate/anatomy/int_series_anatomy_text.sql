-- One row per image series and attribute that names a body part in words: Body Part Examined, the
-- meaning of a procedure code and, if the site wants it (var anatomy_from_description), protocol,
-- series and study description. The most frequent value; the values of a multi-valued attribute as
-- one text, since CHEST\ABDOMEN means both.

{% set sources = micdm.anatomy_text_sources() %}

with

series_value as (
    select
        series_instance_uid,
        path,
        item,
        position,
        coalesce(code_meaning, value_text) as value_text,
        row_number() over (
            partition by series_instance_uid, path, item, position
            order by value_count desc, {{ micdm.byte_order('value_key') }} asc
        ) as preference
    from {{ ref('int_series_value') }}
    where path in (
        {% for source in sources %}
        '{{ source }}'{{ ',' if not loop.last }}
        {% endfor %}
    )
)

select
    series_instance_uid,
    path,
    case path
        {% for source in sources %}
        when '{{ source }}' then {{ loop.index }}
        {% endfor %}
    end as source_order,
    {{ dbt.listagg('value_text', "' '", 'order by item, position') }} as value_text
from series_value
where preference = 1
group by series_instance_uid, path
