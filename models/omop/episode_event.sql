{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='episode_id'
) }}
-- depends_on: {{ ref('affected_person') }}

-- What belongs to an episode: the clinical rows of the lesion's features, the imaging procedures
-- they were found on, and what the site adds (seed episode_member).

{% set field_of = {
    'measurement': 'field_measurement',
    'observation': 'field_observation',
    'condition_occurrence': 'field_condition_occurrence',
    'procedure_occurrence': 'field_procedure_occurrence',
    'drug_exposure': 'field_drug_exposure',
} %}

with

feature as (
    select * from {{ ref('int_lesion_feature') }}
),

member as (
    select
        registry.episode_id,
        registry.person_id,
        member.event_table,
        member.event_id,
        member.lesion_key,
        coalesce(coding_scheme.vocabulary_id, member.scheme) as vocabulary_id,
        member.code
    from {{ ref('mapping_episode_member') }} as member
    inner join {{ ref('affected_person') }} as affected
        on member.person_id = affected.person_id
    inner join {{ ref('episode_registry') }} as registry
        on
            member.person_id = registry.person_id
            and member.episode_key = registry.episode_key
    left join {{ ref('mapping_coding_scheme') }} as coding_scheme
        on member.scheme = coding_scheme.coding_scheme
),

lesion_event as (
    select
        registry.episode_id,
        feature.domain as event_table,
        feature.event_id
    from feature
    inner join {{ ref('episode_registry') }} as registry
        on
            feature.person_id = registry.person_id
            and feature.episode_key = registry.episode_key
),

lesion_procedure as (
    select
        registry.episode_id,
        'procedure_occurrence' as event_table,
        image_occurrence.procedure_occurrence_id as event_id
    from feature
    inner join {{ ref('episode_registry') }} as registry
        on
            feature.person_id = registry.person_id
            and feature.episode_key = registry.episode_key
    inner join {{ ref('image_occurrence') }} as image_occurrence
        on feature.image_occurrence_id = image_occurrence.image_occurrence_id
),

-- Some features of a lesion in an episode that the site defines: those of one concept.
member_feature as (
    select
        member.episode_id,
        feature.domain as event_table,
        feature.event_id
    from member
    inner join feature
        on
            member.person_id = feature.person_id
            and member.lesion_key = feature.episode_key
            and member.vocabulary_id = feature.vocabulary_id
            and member.code = feature.concept_code
),

member_row as (
    select
        episode_id,
        event_table,
        event_id
    from member
    where event_id is not null
),

everything as (
    select * from lesion_event
    union
    select * from lesion_procedure
    union
    select * from member_feature
    union
    select * from member_row
),

final as (
    select
        episode_id,
        event_id,
        case event_table
            {% for table, role in field_of.items() %}
            when '{{ table }}' then {{ micdm.cdm_concept(role) }}
            {% endfor %}
        end as episode_event_field_concept_id
    from everything
)

select * from final
{{ micdm.site_rows('episode_event') }}
order by episode_id, episode_event_field_concept_id, event_id
