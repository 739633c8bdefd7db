-- One row per image series: what its headers say in words. Instances that disagree: the most
-- frequent value (ties: the first in byte order).

{% set described = {
    'StudyDescription': 'study_description',
    'SeriesDescription': 'series_description',
    'ProtocolName': 'protocol_name',
    'Manufacturer': 'manufacturer',
    'ManufacturerModelName': 'manufacturer_model_name',
} %}

with

ranked as (
    select
        series_instance_uid,
        path,
        value_text,
        row_number() over (
            partition by series_instance_uid, path
            order by value_count desc, {{ micdm.byte_order('value_key') }}
        ) as preference
    from {{ ref('int_series_value') }}
    where
        position = 0
        and path in (
            {%- for path in described %}'{{ path }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
)

select
    series_instance_uid,
    {% for path, column in described.items() %}
    max(case when path = '{{ path }}' then value_text end) as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from ranked
where preference = 1
group by series_instance_uid
