-- One row per image series: what its headers say in words. Instances that disagree: the most
-- frequent value (ties: the first in byte order).

with

ranked as (
    select
        series_value.series_instance_uid,
        series_value.path,
        series_value.value_text,
        row_number() over (
            partition by series_value.series_instance_uid, series_value.path
            order by
                series_value.value_count desc,
                {{ micdm.byte_order('series_value.value_key') }} asc
        ) as preference
    from {{ ref('int_series_value') }} as series_value
    inner join {{ ref('mapping_dicom_attribute') }} as attribute
        on series_value.path = attribute.path
    where attribute.role in ('description', 'device') and series_value.position = 0
)

select
    series_instance_uid,
    max(case when path = 'StudyDescription' then value_text end) as study_description,
    max(case when path = 'SeriesDescription' then value_text end) as series_description,
    max(case when path = 'ProtocolName' then value_text end) as protocol_name,
    max(case when path = 'Manufacturer' then value_text end) as manufacturer,
    max(case when path = 'ManufacturerModelName' then value_text end) as manufacturer_model_name
from ranked
where preference = 1
group by series_instance_uid
