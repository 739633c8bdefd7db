-- One row per image series: its modality. The header's value, if it is a modality of images; else
-- the one that the SOP class implies; else none. Instances that disagree: the most frequent value
-- (ties: the first in byte order), counted so that the conflict can be reported.

with

instance as (
    select * from {{ ref('int_image_instance') }}
),

modality as (
    select * from {{ ref('mapping_modality') }}
),

counted as (
    select
        instance.series_instance_uid,
        case
            when modality.is_image then instance.modality
            else instance.implied_modality
        end as modality,
        case
            when modality.is_image then 'modality'
            when instance.implied_modality is not null then 'sop_class'
        end as modality_source,
        instance.modality as modality_source_value,
        count(*) as instance_count
    from instance
    left join modality
        on instance.modality = modality.modality
    group by
        instance.series_instance_uid,
        case
            when modality.is_image then instance.modality
            else instance.implied_modality
        end,
        case
            when modality.is_image then 'modality'
            when instance.implied_modality is not null then 'sop_class'
        end,
        instance.modality
),

ranked as (
    select
        *,
        row_number() over (
            partition by series_instance_uid
            order by
                case when modality is null then 1 else 0 end,
                instance_count desc,
                {{ micdm.byte_order('modality') }},
                {{ micdm.byte_order("coalesce(modality_source_value, '')") }}
        ) as preference,
        count(*) over (partition by series_instance_uid) as modality_value_count
    from counted
)

select
    series_instance_uid,
    modality,
    modality_source,
    modality_source_value,
    modality_value_count,
    case
        when modality is not null then null
        when modality_source_value is null then 'no_modality'
        else 'unknown_modality'
    end as reason_code
from ranked
where preference = 1
