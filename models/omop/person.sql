{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='person_id'
) }}
-- depends_on: {{ ref('affected_person') }}

with

person as (
    select * from {{ ref('int_person') }}
),

registry as (
    select * from {{ ref('person_registry') }}
),

final as (
    select
        registry.person_id,
        case person.patient_sex
            when 'M' then {{ micdm.cdm_concept('gender_male') }}
            when 'F' then {{ micdm.cdm_concept('gender_female') }}
            else 0
        end as gender_concept_id,
        person.year_of_birth,
        cast(extract(month from person.birth_date) as integer) as month_of_birth,
        cast(extract(day from person.birth_date) as integer) as day_of_birth,
        -- The time of birth is not in a header, and midnight would be made up.
        {{ micdm.null_of('timestamp') }} as birth_datetime,
        0 as race_concept_id,
        0 as ethnicity_concept_id,
        {{ micdm.null_of('integer') }} as location_id,
        {{ micdm.null_of('integer') }} as provider_id,
        {{ micdm.null_of('integer') }} as care_site_id,
        -- 50 characters is what the CDM holds; person_registry has the whole id.
        substr(person.patient_id, 1, 50) as person_source_value,
        substr(person.stated_sex, 1, 50) as gender_source_value,
        0 as gender_source_concept_id,
        {{ micdm.null_of(dbt.type_string()) }} as race_source_value,
        0 as race_source_concept_id,
        {{ micdm.null_of(dbt.type_string()) }} as ethnicity_source_value,
        0 as ethnicity_source_concept_id
    from person
    inner join registry
        on
            person.patient_id = registry.patient_id
            and person.issuer_of_patient_id = registry.issuer_of_patient_id
)

select * from final
{{ micdm.site_rows('person') }}
order by person_id
