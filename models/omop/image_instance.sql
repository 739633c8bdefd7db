{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='image_occurrence_id'
) }}

with

instance as (
    select * from {{ ref('int_image_instance') }}
),

registry as (
    select * from {{ ref('image_occurrence_registry') }}
),

series as (
    select * from {{ ref('int_image_series') }}
)

select
    registry.image_occurrence_id,
    instance.sop_instance_uid,
    instance.sop_class_uid,
    instance.instance_number,
    instance.number_of_frames,
    instance.transfer_syntax_uid,
    instance.uri,
    instance.container_member,
    instance.file_size,
    instance.read_flags
from instance
inner join series
    on instance.series_instance_uid = series.series_instance_uid
inner join registry
    on series.series_instance_uid = registry.series_instance_uid
order by registry.image_occurrence_id, {{ micdm.byte_order('instance.sop_instance_uid') }}
