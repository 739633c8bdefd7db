-- Patients of image series (Patient ID and issuer), and the persons of the site's CDM that they may
-- be. In this order:
--   1 person_mapping of the id and its issuer
--   2 person_mapping of the id without an issuer
--   3 person_source_value that equals the Patient ID
--   4 person_source_value that equals another id of the patient in the headers
-- Ids are compared letter by letter: 007 is not 7, and a1 is not A1. A person_source_value has no
-- issuer, so of several issuers of one id it names at most the one in the var person_issuer.

with

patient as (
    select distinct
        patient_id,
        issuer_of_patient_id
    from {{ ref('int_series_candidate') }}
    where reason_code is null
),

mapping as (
    select * from {{ ref('stg_person_mapping') }}
),

person as (
    select
        person_id,
        person_source_value
    from {{ ref('stg_cdm_person') }}
),

issuer_count as (
    select
        patient_id,
        count(distinct nullif(issuer_of_patient_id, '')) as issuer_count
    from patient
    group by patient_id
),

-- Those to whom the person_source_value may belong.
of_site as (
    select
        patient.patient_id,
        patient.issuer_of_patient_id,
        {{ "false" if var('person_issuer') else "issuer_count.issuer_count > 1" }}
            as is_ambiguous
    from patient
    inner join issuer_count
        on patient.patient_id = issuer_count.patient_id
    {% if var('person_issuer') %}
    where
        patient.issuer_of_patient_id in ('', {{ dbt.string_literal(var('person_issuer')) }})
    {% endif %}
),

other_id as (
    select distinct
        series.patient_id,
        series.issuer_of_patient_id,
        series_value.value_text as other_patient_id
    from {{ ref('int_series_value') }} as series_value
    inner join {{ ref('int_series_candidate') }} as series
        on series_value.series_instance_uid = series.series_instance_uid
    inner join {{ ref('mapping_dicom_attribute') }} as attribute
        on series_value.path = attribute.path
    where attribute.role = 'patient_id' and series.reason_code is null
)

select
    patient.patient_id,
    patient.issuer_of_patient_id,
    mapping.person_id,
    'person_mapping' as person_match_method,
    case when mapping.issuer_of_patient_id = '' then 2 else 1 end as preference,
    person.person_id is not null as is_in_cdm,
    false as is_ambiguous
from patient
inner join mapping
    on
        patient.patient_id = mapping.patient_id
        and mapping.issuer_of_patient_id in ('', patient.issuer_of_patient_id)
left join person
    on mapping.person_id = person.person_id
union all
select
    of_site.patient_id,
    of_site.issuer_of_patient_id,
    person.person_id,
    'person_source_value' as person_match_method,
    3 as preference,
    true as is_in_cdm,
    of_site.is_ambiguous
from of_site
inner join person
    on of_site.patient_id = person.person_source_value
union all
select
    other_id.patient_id,
    other_id.issuer_of_patient_id,
    person.person_id,
    'other_patient_id' as person_match_method,
    4 as preference,
    true as is_in_cdm,
    false as is_ambiguous
from other_id
inner join person
    on other_id.other_patient_id = person.person_source_value
