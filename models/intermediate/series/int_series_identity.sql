-- One row per series: to which study and patient its instances say it belongs, and whether they
-- agree. The patients of a study are counted over all its series: a study has one patient.

with

instance as (
    select * from {{ ref('int_instance') }}
    where reason_code is null
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
        from instance
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
        from instance
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
    from instance
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
