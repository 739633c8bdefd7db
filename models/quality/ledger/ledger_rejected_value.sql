-- Header values that could not be used, by patient: what quality.rejected_value adds up.

with

instance_file as (
    select * from {{ ref('int_instance_file') }}
),

header_use as (
    select
        coalesce(patient_id, '') as patient_id,
        header_id,
        count(*) as instance_count
    from instance_file
    group by coalesce(patient_id, ''), header_id
),

rejected as (
    select
        header_use.patient_id,
        element.path,
        element.reason_code,
        element.value_text,
        header_use.instance_count
    from {{ ref('stg_dicom_header_element') }} as element
    inner join header_use
        on element.header_id = header_use.header_id
    where element.reason_code is not null
    union all
    select
        coalesce(instance_file.patient_id, '') as patient_id,
        element.path,
        element.reason_code,
        element.value_text,
        1 as instance_count
    from {{ ref('stg_dicom_instance_element') }} as element
    inner join instance_file
        on
            element.run_id = instance_file.run_id
            and element.file_id = instance_file.file_id
    where element.reason_code is not null
),

source_file as (
    select source_instance.*
    from {{ source('raw_dicom', 'dicom_instance') }} as source_instance
    inner join instance_file
        on
            source_instance.run_id = instance_file.run_id
            and source_instance.file_id = instance_file.file_id
),

-- Valid dates that no image and no patient can have.
implausible as (
    {% for name, keyword in {
        'study_date': 'StudyDate',
        'series_date': 'SeriesDate',
        'acquisition_date': 'AcquisitionDate',
        'content_date': 'ContentDate',
    }.items() %}
    select
        coalesce(patient_id, '') as patient_id,
        '{{ keyword }}' as path,
        'implausible_date' as reason_code,
        cast({{ name }} as {{ dbt.type_string() }}) as value_text,
        1 as instance_count
    from source_file
    where {{ name }} is not null and not {{ micdm.is_plausible_date(name) }}
    union all
    {% endfor %}
    select
        instance.patient_id,
        'PatientBirthDate' as path,
        'implausible_date' as reason_code,
        cast(instance.patient_birth_date as {{ dbt.type_string() }}) as value_text,
        1 as instance_count
    from {{ ref('int_image_instance') }} as instance
    inner join {{ ref('int_series_candidate') }} as series
        on
            instance.series_instance_uid = series.series_instance_uid
            and series.reason_code is null
    where
        instance.patient_birth_date is not null
        and not {{ micdm.is_plausible_birth_date('instance', 'series') }}
    union all
    select
        instance.patient_id,
        'PatientAge' as path,
        'implausible_age' as reason_code,
        instance.patient_age as value_text,
        1 as instance_count
    from {{ ref('int_image_instance') }} as instance
    inner join {{ ref('int_series_candidate') }} as series
        on
            instance.series_instance_uid = series.series_instance_uid
            and series.reason_code is null
    where
        {{ micdm.birth_year_from_age('series.image_date', 'instance.patient_age') }}
        < {{ micdm.first_birth_year() }}
)

select
    patient_id,
    path,
    reason_code,
    value_text,
    cast(sum(instance_count) as bigint) as instance_count
from (
    select * from rejected
    union all
    select * from implausible
) as everything
group by patient_id, path, reason_code, value_text
