{{ config(materialized='view') }}

-- What the staged patients have or name: objects, series, studies, irradiation events by their
-- UIDs, and files by their place. Two patients with the same one may depend on each other: a UID
-- used twice, a file that was another patient's before, a report on another's images. NULL patients
-- are one patient, ''.

{# Read again for each: kept between, all of the archive would be, not only what is asked for. #}
{% set instance = source('raw_dicom', 'dicom_instance') %}

with

event_path as (
    select path from {{ ref('mapping_dicom_attribute') }}
    where role = 'link'
),

event_of_header as (
    select distinct
        element.header_id,
        element.value_text
    from {{ source('raw_dicom', 'dicom_header_element') }} as element
    inner join event_path
        on element.path = event_path.path
),

event_of_instance as (
    select
        element.run_id,
        element.file_id,
        element.value_text
    from {{ source('raw_dicom', 'dicom_instance_element') }} as element
    inner join event_path
        on element.path = event_path.path
),

named as (
    select
        run_id,
        file_id,
        series_instance_uid as uid
    from {{ source('raw_dicom', 'dicom_reference') }}
    union all
    select
        run_id,
        file_id,
        sop_instance_uid as uid
    from {{ source('raw_dicom', 'dicom_reference') }}
    union all
    select
        run_id,
        file_id,
        referenced_sop_instance_uid as uid
    from {{ source('raw_dicom', 'dicom_sr_item') }}
    union all
    select
        run_id,
        file_id,
        value_text as uid
    from {{ source('raw_dicom', 'dicom_sr_item') }}
    where value_type = 'UIDREF'
),

everything as (
    {% for uid in [
        'sop_instance_uid',
        'series_instance_uid',
        'study_instance_uid',
        micdm.file_place('uri', 'container_member'),
    ] %}
    select
        run_id,
        coalesce(patient_id, '') as patient_id,
        {{ uid }} as uid,
        1 as is_held
    from {{ instance }} as instance  -- noqa: AL05
    union all
    {% endfor %}
    select
        instance.run_id,
        coalesce(instance.patient_id, '') as patient_id,
        event_of_header.value_text as uid,
        1 as is_held
    from {{ instance }} as instance
    inner join event_of_header
        on instance.header_id = event_of_header.header_id
    union all
    select
        instance.run_id,
        coalesce(instance.patient_id, '') as patient_id,
        event_of_instance.value_text as uid,
        1 as is_held
    from {{ instance }} as instance
    inner join event_of_instance
        on
            instance.run_id = event_of_instance.run_id
            and instance.file_id = event_of_instance.file_id
    union all
    select
        instance.run_id,
        coalesce(instance.patient_id, '') as patient_id,
        named.uid,
        0 as is_held
    from {{ instance }} as instance
    inner join named
        on
            instance.run_id = named.run_id
            and instance.file_id = named.file_id
)

select * from everything
where uid is not null
