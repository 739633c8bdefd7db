-- The image series that a segmentation was drawn on: its Referenced Series Sequence, else the
-- source images that it names, where these are staged.

with

instance as (
    select * from {{ ref('int_instance') }}
    where reason_code is null
),

reference as (
    select
        instance.sop_instance_uid,
        reference.kind,
        coalesce(reference.series_instance_uid, source_image.series_instance_uid)
            as series_instance_uid,
        reference.instance_count
    from {{ ref('stg_dicom_reference') }} as reference
    inner join instance
        on
            reference.run_id = instance.run_id
            and reference.file_id = instance.file_id
    left join instance as source_image
        on reference.sop_instance_uid = source_image.sop_instance_uid
    where reference.kind in ('segmented_series', 'source_image')
)

select
    sop_instance_uid,
    series_instance_uid,
    min(kind) as kind,
    cast(sum(coalesce(instance_count, 1)) as bigint) as instance_count
from reference
where series_instance_uid is not null
group by sop_instance_uid, series_instance_uid
