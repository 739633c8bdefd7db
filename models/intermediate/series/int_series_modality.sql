-- One row per image series: its modality. int_instance decided on that of each instance, by SOP
-- class first and Modality second. Instances that disagree: the most frequent one (ties: the first
-- in byte order), counted so that the conflict can be reported.

with

counted as (
    select
        series_instance_uid,
        image_modality,
        modality_source,
        modality_status,
        modality as modality_source_value,
        count(*) as instance_count
    from {{ ref('int_image_instance') }}
    group by
        series_instance_uid,
        image_modality,
        modality_source,
        modality_status,
        modality
),

totalled as (
    select
        *,
        sum(instance_count) over (
            partition by series_instance_uid, image_modality
        ) as modality_instance_count,
        -- A modality is stated in one way or another by each row.
        count(*) over (partition by series_instance_uid) as statement_count,
        max(case when modality_status = 'contradicts_sop_class' then 1 else 0 end) over (
            partition by series_instance_uid
        ) as contradicts_sop_class
    from counted
),

ranked as (
    select
        *,
        row_number() over (
            partition by series_instance_uid
            order by
                case when image_modality is null then 1 else 0 end,
                modality_instance_count desc,
                {{ micdm.byte_order('image_modality') }},
                instance_count desc,
                {{ micdm.byte_order("coalesce(modality_source_value, '')") }},
                {{ micdm.byte_order("coalesce(modality_source, '')") }}
        ) as preference
    from totalled
)

select
    series_instance_uid,
    image_modality as modality,
    modality_source,
    modality_source_value,
    modality_status,
    statement_count as modality_value_count,
    contradicts_sop_class = 1 as modality_contradicts_sop_class,
    case
        when image_modality is not null then null
        when modality_source_value is null then 'no_modality'
        else 'unknown_modality'
    end as reason_code
from ranked
where preference = 1
