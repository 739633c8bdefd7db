-- Contradictions that a stated rule resolved, with their patient: quality.conflict shows them.

{# Patient ID and issuer as HL7 writes them (CX): the same id of two issuers is two patients. #}
{% set patient = "patient_id || '^^^' || issuer_of_patient_id" %}

with

series as (
    select * from {{ ref('int_image_series') }}
),

patient as (
    select * from {{ ref('int_person') }}
),

instance as (
    select * from {{ ref('int_image_instance') }}
),

-- Patients that the site's CDM knows: what the headers say of them, and what the CDM does.
known as (
    select
        found.patient_id,
        found.issuer_of_patient_id,
        cast(extract(year from stated.birth_date) as integer) as stated_birth_year,
        person.year_of_birth,
        case stated.patient_sex
            when 'M' then {{ micdm.cdm_concept('gender_male') }}
            when 'F' then {{ micdm.cdm_concept('gender_female') }}
        end as stated_gender_concept_id,
        nullif(person.gender_concept_id, 0) as gender_concept_id
    from {{ ref('int_person_match') }} as found
    inner join {{ ref('int_patient') }} as stated
        on
            found.patient_id = stated.patient_id
            and found.issuer_of_patient_id = stated.issuer_of_patient_id
    inner join {{ ref('stg_cdm_person') }} as person
        on found.person_id = person.person_id
)

select
    patient_id,
    'series' as grain,
    series_instance_uid as entity,
    'modality_differs' as conflict,
    'most frequent value kept' as resolution
from series
where modality_value_count > 1
union all
select
    patient_id,
    'series' as grain,
    series_instance_uid as entity,
    'modality_contradicts_sop_class' as conflict,
    'modality taken from the SOP class' as resolution
from series
where modality_contradicts_sop_class
union all
select
    series.patient_id,
    'series' as grain,
    series.series_instance_uid as entity,
    'accession_number_differs' as conflict,
    'most frequent value kept' as resolution
from series
inner join instance
    on series.series_instance_uid = instance.series_instance_uid
group by series.patient_id, series.series_instance_uid
having count(distinct instance.accession_number) > 1
union all
select
    series.patient_id,
    'series' as grain,
    laterality.series_instance_uid as entity,
    'laterality_differs' as conflict,
    'no laterality given' as resolution
from {{ ref('int_series_laterality') }} as laterality
inner join series
    on laterality.series_instance_uid = series.series_instance_uid
where laterality.laterality_count > 1
union all
select
    series.patient_id,
    'series' as grain,
    laterality.series_instance_uid as entity,
    'laterality_sources_contradict' as conflict,
    'first source kept' as resolution
from {{ ref('int_series_laterality') }} as laterality
inner join series
    on laterality.series_instance_uid = series.series_instance_uid
where laterality.laterality_count = 1 and laterality.side_count > 1
union all
select
    series.patient_id,
    'series' as grain,
    anatomy.series_instance_uid as entity,
    'anatomic_sites_differ' as conflict,
    'first source kept' as resolution
from {{ ref('int_series_anatomy_candidate') }} as anatomy
inner join series
    on anatomy.series_instance_uid = series.series_instance_uid
where anatomy.anatomic_site_status = 'mapped'
group by series.patient_id, anatomy.series_instance_uid
having count(distinct anatomy.concept_code) > 1
union all
select
    patient_id,
    'person' as grain,
    {{ patient }} as entity,
    'birth_date_differs' as conflict,
    'most frequent value kept' as resolution
from patient
where birth_date_value_count > 1
union all
select
    patient_id,
    'person' as grain,
    {{ patient }} as entity,
    'sex_differs' as conflict,
    'most frequent value kept' as resolution
from patient
where sex_value_count > 1
union all
select
    patient_id,
    'person' as grain,
    {{ patient }} as entity,
    'birth_year_unknown' as conflict,
    'placeholder of the site used' as resolution
from patient
where year_of_birth_source = 'unknown_birth_year'
union all
select
    patient_id,
    'person' as grain,
    {{ patient }} as entity,
    'birth_year_differs_from_cdm' as conflict,
    'person of the CDM kept' as resolution
from known
where stated_birth_year <> year_of_birth
union all
select
    patient_id,
    'person' as grain,
    {{ patient }} as entity,
    'sex_differs_from_cdm' as conflict,
    'person of the CDM kept' as resolution
from known
where stated_gender_concept_id <> gender_concept_id
union all
select distinct
    series.patient_id,
    'series' as grain,
    series.series_instance_uid as entity,
    'accession_of_another_person' as conflict,
    'mapping of the accession number not used' as resolution
from series
inner join {{ ref('int_series_content') }} as counted
    on series.series_instance_uid = counted.series_instance_uid
inner join {{ ref('stg_accession_mapping') }} as accession
    on counted.accession_number = accession.accession_number
left join {{ ref('stg_cdm_procedure_occurrence') }} as site_procedure
    on accession.procedure_occurrence_id = site_procedure.procedure_occurrence_id
left join {{ ref('stg_cdm_visit_occurrence') }} as site_visit
    on accession.visit_occurrence_id = site_visit.visit_occurrence_id
where
    site_procedure.person_id <> series.person_id
    or site_visit.person_id <> series.person_id
