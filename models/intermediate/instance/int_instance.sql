-- Every current file with the reason why it can't be used, if there is one. The first that applies
-- counts. A later extraction of a SOP instance replaces the earlier ones, whatever they say. Within
-- a run a copy of an instance that we have already is set aside; one that says something else under
-- the same SOP Instance UID is a conflict, resolved in favour of the kept copy and reported. Copies
-- under two patients or studies are left to int_series_identity.

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

-- What a file may write for a modality: the term itself, or another word for it.
stated as (
    select
        modality as stated_value,
        modality,
        is_image,
        'modality' as modality_source
    from modality
    union all
    select
        another.synonym as stated_value,
        modality.modality,
        modality.is_image,
        'synonym' as modality_source
    from {{ ref('mapping_modality_synonym') }} as another
    inner join modality
        on another.modality = modality.modality
    left join modality as term
        on another.synonym = term.modality
    where term.modality is null
),

kept as (
    select
        run_id,
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

-- One SOP Instance UID in several series: which series is right can't be known. Nor can it be known
-- whose report it is that is there under two patients or studies: its series would not tell.
reused as (
    select instance_file.sop_instance_uid
    from instance_file
    left join sop_class
        on instance_file.sop_class_uid = sop_class.sop_class_uid
    where instance_file.copy_rank = 1 and instance_file.run_id = instance_file.latest_run_id
    group by instance_file.sop_instance_uid
    having
        count(distinct instance_file.series_instance_uid) > 1
        or (
            count(*) > 1
            and max(case when coalesce(sop_class.is_image, true) then 1 else 0 end) = 0
        )
),

judged as (
    select
        instance_file.*,
        sop_class.sop_class_uid as known_sop_class_uid,
        sop_class.implied_modality,
        stated.modality as stated_modality,
        stated.modality_source as stated_source,
        -- The SOP class says what the object is. Modality is asked where the class is unknown, and
        -- where it may hold anything: a secondary capture of a report is no image.
        case
            -- Nothing tells: it may be an image, and is quarantined as a series without modality.
            when sop_class.sop_class_uid is null then coalesce(stated.is_image, true)
            when sop_class.is_image and sop_class.implied_modality is null
                then coalesce(stated.is_image, true)
            else sop_class.is_image
        end as is_image,
        -- A modality that the class may hold stands; else the class knows better.
        coalesce(
            stated.is_image
            and (
                sop_class.implied_modality is null
                or stated.modality = sop_class.implied_modality
                or '|' || coalesce(sop_class.possible_modalities, '') || '|'
                like '%|' || stated.modality || '|%'
            ),
            false
        ) as stated_modality_stands,
        case
            when instance_file.sop_instance_uid is null then 'no_sop_instance_uid'
            when instance_file.series_instance_uid is null then 'no_series_uid'
            when instance_file.study_instance_uid is null then 'no_study_uid'
            when instance_file.patient_id is null then 'no_patient_id'
            when
                length(instance_file.series_instance_uid) > 250
                or length(instance_file.study_instance_uid) > 250
                then 'uid_too_long'
            when kept.run_id < instance_file.latest_run_id then 'superseded'
            when
                instance_file.copy_rank > 1
                and (
                    instance_file.header_id <> kept.header_id
                    or changed_report.file_id is not null
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
    left join {{ ref('int_changed_report') }} as changed_report
        on instance_file.file_id = changed_report.file_id
    left join reused
        on instance_file.sop_instance_uid = reused.sop_instance_uid
    left join sop_class
        on instance_file.sop_class_uid = sop_class.sop_class_uid
    left join stated
        on instance_file.modality = stated.stated_value
)

select
    judged.*,
    case
        when judged.stated_modality_stands then judged.stated_modality
        else judged.implied_modality
    end as image_modality,
    case
        when judged.stated_modality_stands then judged.stated_source
        when judged.implied_modality is not null then 'sop_class'
    end as modality_source,
    case
        when judged.modality is null then 'missing'
        when judged.stated_modality is null then 'unknown'
        when judged.stated_modality_stands then 'accepted'
        else 'contradicts_sop_class'
    end as modality_status
from judged
