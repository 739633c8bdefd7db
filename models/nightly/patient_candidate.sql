-- The persons that each staged patient is, or may be: those that micdm made of them, and those of
-- the site's CDM by its mapping, by Patient ID or by another id in the headers. More than are
-- linked: a patient may depend on each of them. By Patient ID alone, whatever the issuer.

{% set registry = load_relation(micdm.nightly_relation('person_registry')) %}

with

instance as (
    select * from {{ source('raw_dicom', 'dicom_instance') }}
),

other_id as (
    select distinct
        element.header_id,
        element.value_text
    from {{ source('raw_dicom', 'dicom_header_element') }} as element
    inner join {{ ref('mapping_dicom_attribute') }} as attribute
        on element.path = attribute.path
    where attribute.role = 'patient_id' and element.value_text is not null
),

-- A patient's ids: that of the series first.
id_of_patient as (
    select
        patient_id,
        patient_id as any_id,
        'person_source_value' as way
    from instance
    where patient_id is not null
    union
    select
        instance.patient_id,
        other_id.value_text as any_id,
        'other_patient_id' as way
    from instance
    inner join other_id
        on instance.header_id = other_id.header_id
    where instance.patient_id is not null
)

select
    id_of_patient.patient_id,
    person.person_id,
    id_of_patient.way
from id_of_patient
inner join {{ ref('stg_cdm_person') }} as person
    on id_of_patient.any_id = person.person_source_value
union
select
    id_of_patient.patient_id,
    mapping.person_id,
    'person_mapping ' || mapping.issuer_of_patient_id as way
from id_of_patient
inner join {{ ref('stg_person_mapping') }} as mapping
    on id_of_patient.patient_id = mapping.patient_id
{% if registry %}
union
select
    id_of_patient.patient_id,
    registry.person_id,
    'person_registry' as way
from id_of_patient
inner join {{ registry }} as registry
    on id_of_patient.patient_id = registry.patient_id
{% endif %}
