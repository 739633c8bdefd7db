-- Contradictions in the headers that a stated rule resolved: nothing was left out for them, but a
-- researcher should know. Those that could not be resolved are in quarantine.

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
)

select
    'series' as grain,
    series_instance_uid as entity,
    'modality_differs' as conflict,
    'most frequent value kept' as resolution
from series
where modality_value_count > 1
union all
select
    'series' as grain,
    series_instance_uid as entity,
    'modality_contradicts_sop_class' as conflict,
    'modality taken from the SOP class' as resolution
from series
where modality_contradicts_sop_class
union all
select
    'series' as grain,
    series.series_instance_uid as entity,
    'accession_number_differs' as conflict,
    'most frequent value kept' as resolution
from series
inner join instance
    on series.series_instance_uid = instance.series_instance_uid
group by series.series_instance_uid
having count(distinct instance.accession_number) > 1
union all
select
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
    'series' as grain,
    anatomy.series_instance_uid as entity,
    'anatomic_sites_differ' as conflict,
    'first source kept' as resolution
from {{ ref('int_series_anatomy_candidate') }} as anatomy
inner join series
    on anatomy.series_instance_uid = series.series_instance_uid
where anatomy.anatomic_site_status = 'mapped'
group by anatomy.series_instance_uid
having count(distinct anatomy.concept_code) > 1
union all
select
    'person' as grain,
    {{ patient }} as entity,
    'birth_date_differs' as conflict,
    'most frequent value kept' as resolution
from patient
where birth_date_value_count > 1
union all
select
    'person' as grain,
    {{ patient }} as entity,
    'sex_differs' as conflict,
    'most frequent value kept' as resolution
from patient
where sex_value_count > 1
union all
select
    'person' as grain,
    {{ patient }} as entity,
    'birth_year_unknown' as conflict,
    'placeholder of the site used' as resolution
from patient
where year_of_birth_source = 'unknown_birth_year'
