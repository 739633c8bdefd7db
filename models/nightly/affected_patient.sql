-- The patients that this build reads: those with something new, those of whom the site's CDM says
-- something new, and those who may depend on them (patient_bridge, or one person). All in a whole
-- build. '' stands for what is of no patient; it is read when anything new is.

-- depends_on: {{ ref('build_plan') }}
-- depends_on: {{ ref('patient_candidate') }}
-- depends_on: {{ ref('accession_state') }}
-- depends_on: {{ ref('touched_uid') }}
-- depends_on: {{ ref('changed_person') }}
-- depends_on: {{ ref('unbuilt_run') }}
-- depends_on: {{ ref('patient_bridge') }}

{% set built_candidate = load_relation(micdm.nightly_relation('built_candidate')) %}
{% set built_person = load_relation(micdm.nightly_relation('built_person')) %}
{% set built_accession = load_relation(micdm.nightly_relation('built_accession')) %}

{% if not (micdm.is_nightly() and built_candidate and built_person and built_accession) %}
select coalesce(patient_id, '') as patient_id
from {{ source('raw_dicom', 'dicom_instance') }}
union
select '' as patient_id
{% else %}
with recursive

candidate as (
    select * from {{ ref('patient_candidate') }}
),

built_candidate as (
    select * from {{ built_candidate }} as last_candidate
),

any_candidate as (
    select * from candidate
    union
    select * from built_candidate
),

changed_candidate as (
    {{ micdm.changed_keys('patient_id', 'candidate', 'built_candidate') }}
),

changed_accession as (
    {{ micdm.changed_keys('accession_number', ref('accession_state'), built_accession) }}
),

-- Who only names a UID that others only name, as that of a device, depends on none of them.
held_uid as (
    select uid from {{ ref('touched_uid') }}
    where is_held = 1
),

seed as (
    select patient_id from {{ ref('touched_uid') }}
    where uid in (select held_uid.uid from held_uid)
    union
    select patient_id from changed_candidate
    union
    select any_candidate.patient_id
    from any_candidate
    inner join {{ ref('changed_person') }} as changed_person
        on any_candidate.person_id = changed_person.person_id
    union
    select coalesce(instance.patient_id, '') as patient_id
    from {{ source('raw_dicom', 'dicom_instance') }} as instance
    inner join changed_accession
        on instance.accession_number = changed_accession.accession_number
    union
    select '' as patient_id
    from {{ ref('unbuilt_run') }}
),

shared_person as (
    select person_id
    from any_candidate
    group by person_id
    having count(distinct patient_id) > 1
),

bridge as (
    select
        uid,
        patient_id
    from {{ ref('patient_bridge') }}
    union all
    select
        'person ' || cast(any_candidate.person_id as {{ dbt.type_string() }}) as uid,
        any_candidate.patient_id
    from any_candidate
    inner join shared_person
        on any_candidate.person_id = shared_person.person_id
),

reached as (
    select patient_id from seed
    union
    select other.patient_id
    from reached
    inner join bridge as own
        on reached.patient_id = own.patient_id
    inner join bridge as other
        on own.uid = other.uid
)

select patient_id from reached
{% endif %}
