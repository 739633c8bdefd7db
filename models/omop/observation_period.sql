{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='person_id'
) }}
-- depends_on: {{ ref('affected_person') }}

-- OHDSI cohorts only find persons who are under observation: from the first image to the last, for
-- persons of whom the site's CDM says nothing.

with

period as (
    select * from {{ ref('int_observation_period') }}
),

registry as (
    select * from {{ ref('observation_period_registry') }}
),

final as (
    select
        {% if micdm.is_extend() %}
        registry.observation_period_id,
        {% else %}
        period.person_id as observation_period_id,
        {% endif %}
        period.person_id,
        period.observation_period_start_date,
        period.observation_period_end_date,
        {{ micdm.cdm_concept('type_ehr') }} as period_type_concept_id
    from period
    inner join registry
        on period.person_id = registry.person_id
)

select * from final
{{ micdm.site_rows('observation_period') }}
order by person_id, observation_period_id
