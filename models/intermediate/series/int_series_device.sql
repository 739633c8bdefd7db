-- One row per image series that names its device: the manufacturer under one spelling (seed
-- manufacturer), as written where the seed does not know it, and the model without needless blanks.
-- G.E. and GE are one, as are SonoSite and SONOSITE: where no row has the very words, blanks do not
-- count.

with

mapping as (
    select * from {{ ref('mapping_manufacturer') }}
),

joined_words as (
    select
        replace(source_value, ' ', '') as source_letters,
        min({{ micdm.byte_order('source_value') }}) as source_value
    from mapping
    group by replace(source_value, ' ', '')
),

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
),

known as (
    select
        description.*,
        coalesce(mapping.source_value, joined_words.source_value) as source_value
    from description
    left join mapping
        on description.manufacturer_key = mapping.source_value
    left join joined_words
        on replace(description.manufacturer_key, ' ', '') = joined_words.source_letters
)

select
    known.series_instance_uid,
    known.manufacturer_source_value,
    coalesce(mapping.manufacturer, known.manufacturer_written) as manufacturer,
    mapping.manufacturer_group,
    known.manufacturer_model_name,
    case
        when known.manufacturer_source_value is null then 'not_stated'
        when mapping.manufacturer is null then 'unmapped'
        else 'mapped'
    end as manufacturer_status
from known
left join mapping
    on known.source_value = mapping.source_value
