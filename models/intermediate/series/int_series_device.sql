-- One row per image series that names its device: the manufacturer under one spelling (seed
-- manufacturer), as written where the seed does not know it, and the model without needless blanks.

with

description as (
    select
        series_instance_uid,
        manufacturer as manufacturer_source_value,
        {{ micdm.plain_text('manufacturer') }} as manufacturer_key,
        trim(
            {{ micdm.regexp_replace_all('manufacturer', '[[:space:]]+', ' ') }}
        ) as manufacturer_written,
        trim(
            {{ micdm.regexp_replace_all('manufacturer_model_name', '[[:space:]]+', ' ') }}
        ) as manufacturer_model_name
    from {{ ref('int_series_description') }}
    where manufacturer is not null or manufacturer_model_name is not null
)

select
    description.series_instance_uid,
    description.manufacturer_source_value,
    coalesce(mapping.manufacturer, description.manufacturer_written) as manufacturer,
    mapping.manufacturer_group,
    description.manufacturer_model_name,
    case
        when description.manufacturer_source_value is null then 'not_stated'
        when mapping.manufacturer is null then 'unmapped'
        else 'mapped'
    end as manufacturer_status
from description
left join {{ ref('mapping_manufacturer') }} as mapping
    on description.manufacturer_key = mapping.source_value
