{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='episode_id'
) }}
-- depends_on: {{ ref('affected_person') }}

with

final as (
    select
        registry.episode_id,
        episode.person_id,
        {{ micdm.cdm_concept('episode_disease') }} as episode_concept_id,
        episode.start_date as episode_start_date,
        -- The earliest known time may stand on a later day than the first image.
        case
            when cast(episode.start_datetime as date) = episode.start_date
                then episode.start_datetime
        end as episode_start_datetime,
        episode.end_date as episode_end_date,
        {{ micdm.null_of('timestamp') }} as episode_end_datetime,
        {{ micdm.null_of('integer') }} as episode_parent_id,
        {{ micdm.null_of('integer') }} as episode_number,
        episode.object_concept_id as episode_object_concept_id,
        case episode.episode_kind
            when 'lesion' then {{ micdm.cdm_concept('type_standard_algorithm') }}
            else {{ micdm.cdm_concept('type_ehr') }}
        end as episode_type_concept_id,
        substr(episode.episode_key, 1, 50) as episode_source_value,
        0 as episode_source_concept_id
    from {{ ref('int_episode') }} as episode
    inner join {{ ref('episode_registry') }} as registry
        on
            episode.person_id = registry.person_id
            and episode.episode_key = registry.episode_key
)

select * from final
{{ micdm.site_rows('episode') }}
order by episode_id
