-- One row per patient (Patient ID and its issuer) with an image series: what the headers say about
-- sex and birth. The CDM requires a year of birth: from a plausible birth date, else from the age
-- at study, else the placeholder that the site has accepted (var unknown_birth_year), else the
-- patient can't become a person (reason no_birth_year).

{% set placeholder = var('unknown_birth_year') %}

with

series as (
    select * from {{ ref('int_series_candidate') }}
    where reason_code is null
),

instance as (
    select
        series.patient_id,
        series.issuer_of_patient_id,
        case when instance.patient_sex in ('M', 'F') then instance.patient_sex end as patient_sex,
        instance.patient_sex as stated_sex,
        case
            when {{ micdm.is_plausible_birth_date('instance', 'series') }}
                then instance.patient_birth_date
        end as birth_date,
        {{ micdm.birth_year_from_age('series.image_date', 'instance.patient_age') }} as age_year
    from {{ ref('int_image_instance') }} as instance
    inner join series
        on instance.series_instance_uid = series.series_instance_uid
),

-- Values that disagree: the most frequent one, ties the first.
sex as (
    select
        patient_id,
        issuer_of_patient_id,
        patient_sex,
        stated_sex,
        row_number() over (
            partition by patient_id, issuer_of_patient_id
            order by
                case when patient_sex is null then 1 else 0 end,
                count(*) desc,
                {{ micdm.byte_order('stated_sex') }}
        ) as preference,
        count(*) over (partition by patient_id, issuer_of_patient_id) as value_count
    from instance
    where stated_sex is not null
    group by patient_id, issuer_of_patient_id, patient_sex, stated_sex
),

birth as (
    select
        patient_id,
        issuer_of_patient_id,
        birth_date,
        row_number() over (
            partition by patient_id, issuer_of_patient_id
            order by count(*) desc, birth_date
        ) as preference,
        count(*) over (partition by patient_id, issuer_of_patient_id) as value_count
    from instance
    where birth_date is not null
    group by patient_id, issuer_of_patient_id, birth_date
),

age as (
    select
        patient_id,
        issuer_of_patient_id,
        age_year,
        row_number() over (
            partition by patient_id, issuer_of_patient_id
            order by count(*) desc, age_year
        ) as preference
    from instance
    where age_year >= {{ micdm.first_birth_year() }}
    group by patient_id, issuer_of_patient_id, age_year
),

patient as (
    select
        patient_id,
        issuer_of_patient_id
    from instance
    group by patient_id, issuer_of_patient_id
),

described as (
    select
        patient.patient_id,
        patient.issuer_of_patient_id,
        sex.patient_sex,
        sex.stated_sex,
        coalesce(sex.value_count, 0) as sex_value_count,
        birth.birth_date,
        coalesce(birth.value_count, 0) as birth_date_value_count,
        coalesce(
            cast(extract(year from birth.birth_date) as integer),
            age.age_year,
            cast({{ 'null' if placeholder is none else placeholder | int }} as integer)
        ) as year_of_birth,
        case
            when birth.birth_date is not null then 'birth_date'
            when age.age_year is not null then 'age_at_study'
            when {{ placeholder is not none }} then 'unknown_birth_year'
        end as year_of_birth_source
    from patient
    left join sex
        on
            patient.patient_id = sex.patient_id
            and patient.issuer_of_patient_id = sex.issuer_of_patient_id
            and sex.preference = 1
    left join birth
        on
            patient.patient_id = birth.patient_id
            and patient.issuer_of_patient_id = birth.issuer_of_patient_id
            and birth.preference = 1
    left join age
        on
            patient.patient_id = age.patient_id
            and patient.issuer_of_patient_id = age.issuer_of_patient_id
            and age.preference = 1
)

select
    *,
    case when year_of_birth is null then 'no_birth_year' end as reason_code
from described
