-- One row per usable report (an object with a content tree): its document title, when it was
-- written, and whether a later one replaces it. A report that names another as its predecessor
-- (Predecessor Documents Sequence) replaces it, whatever it says; of two that name each other the
-- later one counts.

with

instance as (
    select * from {{ ref('int_instance') }}
    where reason_code is null
),

root as (
    select
        run_id,
        file_id,
        coalesce(concept_scheme, '') as title_scheme,
        concept_code as title_code,
        concept_meaning as title_meaning,
        template_id,
        completion_flag,
        verification_flag,
        reason_code
    from {{ ref('stg_dicom_sr_item') }}
    where parent_path is null
),

report as (
    select
        instance.run_id,
        instance.file_id,
        instance.sop_instance_uid,
        instance.sop_class_uid,
        instance.series_instance_uid,
        instance.study_instance_uid,
        instance.patient_id,
        instance.issuer_of_patient_id,
        instance.header_id,
        instance.content_date,
        instance.content_datetime,
        root.title_scheme,
        root.title_code,
        root.title_meaning,
        root.template_id,
        root.completion_flag,
        root.verification_flag,
        root.reason_code
    from root
    inner join instance
        on
            root.run_id = instance.run_id
            and root.file_id = instance.file_id
),

named_predecessor as (
    select distinct
        later.sop_instance_uid as later_uid,
        later.content_datetime as later_datetime,
        earlier.sop_instance_uid as earlier_uid,
        earlier.content_datetime as earlier_datetime
    from report as later
    inner join {{ ref('stg_dicom_reference') }} as reference
        on
            later.run_id = reference.run_id
            and later.file_id = reference.file_id
            and reference.kind = 'predecessor'
    inner join report as earlier
        on
            reference.sop_instance_uid = earlier.sop_instance_uid
            and later.patient_id = earlier.patient_id
            and later.issuer_of_patient_id = earlier.issuer_of_patient_id
            and later.sop_instance_uid <> earlier.sop_instance_uid
),

replaced as (
    select distinct one.earlier_uid as sop_instance_uid
    from named_predecessor as one
    left join named_predecessor as back
        on
            one.later_uid = back.earlier_uid
            and one.earlier_uid = back.later_uid
    where
        back.later_uid is null
        or coalesce(one.later_datetime > one.earlier_datetime, false)
        or (
            coalesce(one.later_datetime = one.earlier_datetime, true)
            and {{ micdm.byte_order('one.later_uid') }} > {{ micdm.byte_order('one.earlier_uid') }}
        )
)

select
    report.*,
    {{ micdm.code_vocabulary('title', 'report.title_scheme') }} as title_vocabulary_id,
    {{ micdm.code_of('title', 'report.title_code') }} as title_concept_code,
    replaced.sop_instance_uid is not null as is_replaced
from report
left join replaced
    on report.sop_instance_uid = replaced.sop_instance_uid
left join {{ ref('int_coded_entry') }} as title
    on
        report.title_scheme = title.coding_scheme
        and report.title_code = title.code_value
