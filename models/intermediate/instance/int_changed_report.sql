-- Copies of a report (the same SOP instance in another file) that do not say what the copy that is
-- kept says: some item is another one, or missing. Headers and the sizes of files do not tell.

with

instance_file as (
    select * from {{ ref('int_instance_file') }}
),

pair as (
    select
        another.run_id,
        another.file_id,
        kept.run_id as kept_run_id,
        kept.file_id as kept_file_id
    from instance_file as another
    inner join instance_file as kept
        on
            another.sop_instance_uid = kept.sop_instance_uid
            and another.series_instance_uid = kept.series_instance_uid
            and another.study_instance_uid = kept.study_instance_uid
            and another.patient_id = kept.patient_id
            and another.issuer_of_patient_id = kept.issuer_of_patient_id
            and kept.copy_rank = 1
    where another.copy_rank > 1
),

compared as (
    select
        run_id,
        file_id
    from pair
    union
    select
        kept_run_id as run_id,
        kept_file_id as file_id
    from pair
),

item as (
    select
        item.file_id,
        item.path,
        coalesce(item.value_type, '')
        || '|' || coalesce(item.concept_scheme, '') || ':' || coalesce(item.concept_code, '')
        || '|' || coalesce(item.value_scheme, '') || ':' || coalesce(item.value_code, '')
        || '|' || coalesce(item.value_number_text, '') || ' ' || coalesce(item.unit_code, '')
        || '|' || coalesce(item.value_text, '')
        || '|' || coalesce(item.referenced_sop_instance_uid, '') as said
    from {{ ref('stg_dicom_sr_item') }} as item
    inner join compared
        on
            item.run_id = compared.run_id
            and item.file_id = compared.file_id
),

of_another as (
    select
        pair.file_id,
        item.path,
        item.said
    from pair
    inner join item
        on pair.file_id = item.file_id
),

of_kept as (
    select
        pair.file_id,
        item.path,
        item.said
    from pair
    inner join item
        on pair.kept_file_id = item.file_id
)

select distinct coalesce(of_another.file_id, of_kept.file_id) as file_id
from of_another
full outer join of_kept
    on
        of_another.file_id = of_kept.file_id
        and of_another.path = of_kept.path
        and of_another.said = of_kept.said
where of_another.file_id is null or of_kept.file_id is null
