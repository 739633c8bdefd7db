-- The images and segmentations that the items of a report refer to, with the series they are in:
-- that of the staged instance, else the one that the report's evidence gives. A reference to a
-- segmentation leads to the series it was drawn on, to none while it is not staged. An item that
-- points to another one of its report (by reference: CAD reports point to their Image Library)
-- refers to the images that the other one is or has below it.

with

instance as (
    select * from {{ ref('int_instance') }}
    where reason_code is null
),

sop_class as (
    select
        sop_class_uid,
        is_image
    from {{ ref('mapping_sop_class') }}
),

evidence as (
    select
        report.sop_instance_uid,
        reference.sop_instance_uid as target_uid,
        min({{ micdm.byte_order('reference.series_instance_uid') }}) as series_instance_uid
    from {{ ref('int_report') }} as report
    inner join {{ ref('stg_dicom_reference') }} as reference
        on
            report.run_id = reference.run_id
            and report.file_id = reference.file_id
    where reference.kind in ('evidence', 'other_evidence')
    group by report.sop_instance_uid, reference.sop_instance_uid
),

image_item as (
    select * from {{ ref('int_report_item') }}
    where
        value_type in ('IMAGE', 'COMPOSITE')
        and referenced_sop_instance_uid is not null
),

-- What an item points to, and all below it. A container has too much below it to mean an image.
pointed as (
    select
        pointer.sop_instance_uid,
        pointer.path as pointer_path,
        ancestor.path
    from {{ ref('int_report_item') }} as pointer
    inner join {{ ref('int_report_item') }} as aim
        on
            pointer.sop_instance_uid = aim.sop_instance_uid
            and pointer.referenced_path = aim.path
            and aim.value_type <> 'CONTAINER'
    inner join {{ ref('int_report_ancestor') }} as ancestor
        on
            aim.sop_instance_uid = ancestor.sop_instance_uid
            and aim.path = ancestor.ancestor_path
    where pointer.value_type = 'REFERENCE' and pointer.reason_code is null
),

-- Where an image stands, and the spots that mean it: itself, an item that points to it, and one
-- that points to that (a value to a region, the region to its image).
spot as (
    select
        sop_instance_uid,
        path,
        path as image_path
    from image_item
    union
    select
        pointed.sop_instance_uid,
        pointed.pointer_path as path,
        image_item.path as image_path
    from pointed
    inner join image_item
        on
            pointed.sop_instance_uid = image_item.sop_instance_uid
            and pointed.path = image_item.path
    union
    select
        pointed.sop_instance_uid,
        pointed.pointer_path as path,
        image_item.path as image_path
    from pointed
    inner join pointed as further
        on
            pointed.sop_instance_uid = further.sop_instance_uid
            and pointed.path = further.pointer_path
    inner join image_item
        on
            further.sop_instance_uid = image_item.sop_instance_uid
            and further.path = image_item.path
),

named as (
    select
        item.sop_instance_uid,
        spot.path,
        item.referenced_sop_instance_uid as target_uid,
        coalesce(instance.series_instance_uid, evidence.series_instance_uid) as series_instance_uid,
        coalesce(instance.is_image, sop_class.is_image, item.value_type = 'IMAGE') as is_image,
        coalesce(item.role = 'segmentation', false) as is_segmentation
    from image_item as item
    inner join spot
        on
            item.sop_instance_uid = spot.sop_instance_uid
            and item.path = spot.image_path
    left join instance
        on item.referenced_sop_instance_uid = instance.sop_instance_uid
    left join sop_class
        on item.referenced_sop_class_uid = sop_class.sop_class_uid
    left join evidence
        on
            item.sop_instance_uid = evidence.sop_instance_uid
            and item.referenced_sop_instance_uid = evidence.target_uid
)

select
    sop_instance_uid,
    path,
    target_uid,
    series_instance_uid,
    'image' as kind
from named
where is_image
union all
select
    named.sop_instance_uid,
    named.path,
    named.target_uid,
    object_series.series_instance_uid,
    'segmentation' as kind
from named
left join {{ ref('int_object_series') }} as object_series
    on named.target_uid = object_series.sop_instance_uid
where
    not named.is_image
    and (object_series.sop_instance_uid is not null or named.is_segmentation)
