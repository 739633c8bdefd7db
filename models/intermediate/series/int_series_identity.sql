-- One row per series: to which study and patient its instances say it belongs, and whether they
-- agree. The patients of a study are counted over all its series: a study has one patient. An
-- instance without an issuer goes with the one issuer that the study's others name for its Patient
-- ID: many a report carries one where the images do not.

with

instance as (
    select * from {{ ref('int_instance') }}
    where reason_code is null
),

issuer_of_study as (
    select
        study_instance_uid,
        patient_id,
        max({{ micdm.byte_order('issuer_of_patient_id') }}) as issuer_of_patient_id
    from instance
    where issuer_of_patient_id <> ''
    group by study_instance_uid, patient_id
    having count(distinct issuer_of_patient_id) = 1
),

identified as (
    select
        instance.series_instance_uid,
        instance.study_instance_uid,
        instance.patient_id,
        coalesce(
            issuer_of_study.issuer_of_patient_id, instance.issuer_of_patient_id
        ) as issuer_of_patient_id,
        instance.is_image
    from instance
    left join issuer_of_study
        on
            instance.study_instance_uid = issuer_of_study.study_instance_uid
            and instance.patient_id = issuer_of_study.patient_id
            and instance.issuer_of_patient_id = ''
),

patient_of_study as (
    select
        study_instance_uid,
        count(*) as patient_count
    from (
        select distinct
            study_instance_uid,
            patient_id,
            issuer_of_patient_id
        from identified
    ) as pair
    group by study_instance_uid
),

patient_of_series as (
    select
        series_instance_uid,
        count(*) as patient_count
    from (
        select distinct
            series_instance_uid,
            patient_id,
            issuer_of_patient_id
        from identified
    ) as pair
    group by series_instance_uid
),

series as (
    select
        series_instance_uid,
        min({{ micdm.byte_order('study_instance_uid') }}) as study_instance_uid,
        min({{ micdm.byte_order('patient_id') }}) as patient_id,
        min({{ micdm.byte_order('issuer_of_patient_id') }}) as issuer_of_patient_id,
        count(distinct study_instance_uid) as study_count,
        count(*) as instance_count,
        sum(case when is_image then 1 else 0 end) as image_instance_count
    from identified
    group by series_instance_uid
)

select
    series.*,
    case
        when patient_of_series.patient_count > 1 then 'series_uid_in_two_patients'
        when series.study_count > 1 then 'series_uid_in_two_studies'
        when patient_of_study.patient_count > 1 then 'study_uid_in_two_patients'
    end as reason_code
from series
inner join patient_of_series
    on series.series_instance_uid = patient_of_series.series_instance_uid
inner join patient_of_study
    on series.study_instance_uid = patient_of_study.study_instance_uid
