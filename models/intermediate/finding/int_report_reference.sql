-- The images and segmentations that the items of a report refer to, with the series they are in:
-- that of the staged instance, else the one that the report's evidence gives. A reference to a
-- segmentation leads to the series it was drawn on.

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

named as (
    select
        item.sop_instance_uid,
        item.path,
        item.referenced_sop_instance_uid as target_uid,
        coalesce(instance.series_instance_uid, evidence.series_instance_uid) as series_instance_uid,
        coalesce(instance.is_image, sop_class.is_image, item.value_type = 'IMAGE') as is_image
    from {{ ref('int_report_item') }} as item
    left join instance
        on item.referenced_sop_instance_uid = instance.sop_instance_uid
    left join sop_class
        on item.referenced_sop_class_uid = sop_class.sop_class_uid
    left join evidence
        on
            item.sop_instance_uid = evidence.sop_instance_uid
            and item.referenced_sop_instance_uid = evidence.target_uid
    where
        item.value_type in ('IMAGE', 'COMPOSITE')
        and item.referenced_sop_instance_uid is not null
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
inner join {{ ref('int_object_series') }} as object_series
    on named.target_uid = object_series.sop_instance_uid
where not named.is_image
