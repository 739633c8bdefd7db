-- Every current file with the reason why it can't be used, if there is one. The first that applies
-- counts. A copy of an instance that we have already is set aside; one that says something else
-- under the same SOP Instance UID is a conflict, resolved in favour of the kept copy and reported.

with

instance_file as (
    select * from {{ ref('int_instance_file') }}
),

sop_class as (
    select * from {{ ref('mapping_sop_class') }}
),

modality as (
    select * from {{ ref('mapping_modality') }}
),

kept as (
    select
        sop_instance_uid,
        series_instance_uid,
        study_instance_uid,
        patient_id,
        issuer_of_patient_id,
        header_id,
        file_size,
        transfer_syntax_uid
    from instance_file
    where copy_rank = 1
),

-- One SOP Instance UID in several series: which series is right can't be known.
reused as (
    select sop_instance_uid
    from instance_file
    where copy_rank = 1
    group by sop_instance_uid
    having count(distinct series_instance_uid) > 1
),

judged as (
    select
        instance_file.*,
        sop_class.implied_modality,
        -- The SOP class says what the object is; Modality only helps where the class is unknown.
        coalesce(sop_class.is_image, modality.is_image, false) as is_image,
        case
            when instance_file.sop_instance_uid is null then 'no_sop_instance_uid'
            when instance_file.series_instance_uid is null then 'no_series_uid'
            when instance_file.study_instance_uid is null then 'no_study_uid'
            when instance_file.patient_id is null then 'no_patient_id'
            when
                instance_file.copy_rank > 1
                and (
                    instance_file.header_id <> kept.header_id
                    or (
                        instance_file.transfer_syntax_uid = kept.transfer_syntax_uid
                        and instance_file.file_size <> kept.file_size
                    )
                )
                then 'sop_instance_conflict'
            when instance_file.copy_rank > 1 then 'duplicate_sop_instance'
            when reused.sop_instance_uid is not null then 'sop_instance_uid_reused'
        end as reason_code
    from instance_file
    left join kept
        on
            instance_file.sop_instance_uid = kept.sop_instance_uid
            and instance_file.series_instance_uid = kept.series_instance_uid
            and instance_file.study_instance_uid = kept.study_instance_uid
            and instance_file.patient_id = kept.patient_id
            and instance_file.issuer_of_patient_id = kept.issuer_of_patient_id
    left join reused
        on instance_file.sop_instance_uid = reused.sop_instance_uid
    left join sop_class
        on instance_file.sop_class_uid = sop_class.sop_class_uid
    left join modality
        on instance_file.modality = modality.modality
)

select * from judged
