-- Episodes: one per person and followed lesion, and those that a site defines itself (seed
-- episode_definition), such as the course of a cancer.

with

feature as (
    select * from {{ ref('int_lesion_feature') }}
),

-- What the lesion is by the latest report that says so.
lesion_concept as (
    select
        person_id,
        episode_key,
        finding_concept_id,
        row_number() over (
            partition by person_id, episode_key
            order by image_date desc, image_feature_id desc
        ) as preference
    from feature
    where finding_concept_id <> 0
),

lesion as (
    select
        feature.person_id,
        feature.episode_key,
        'lesion' as episode_kind,
        min(feature.image_date) as start_date,
        min(feature.image_datetime) as start_datetime,
        cast(null as date) as end_date,
        coalesce(max(lesion_concept.finding_concept_id), 0) as object_concept_id
    from feature
    left join lesion_concept
        on
            feature.person_id = lesion_concept.person_id
            and feature.episode_key = lesion_concept.episode_key
            and lesion_concept.preference = 1
    group by feature.person_id, feature.episode_key
),

defined as (
    select
        definition.person_id,
        definition.episode_key,
        'site' as episode_kind,
        definition.start_date,
        cast(null as timestamp) as start_datetime,
        definition.end_date,
        coalesce(concept.standard_concept_id, concept.concept_id, 0) as object_concept_id
    from {{ ref('mapping_episode_definition') }} as definition
    inner join {{ ref('person') }} as person
        on definition.person_id = person.person_id
    -- A nightly run sees the lesions of these persons only.
    inner join {{ ref('affected_person') }} as affected
        on definition.person_id = affected.person_id
    left join {{ ref('int_concept_of_code') }} as concept
        on
            definition.vocabulary_id = concept.vocabulary_id
            and definition.concept_code = concept.concept_code
    left join lesion
        on
            definition.person_id = lesion.person_id
            and definition.episode_key = lesion.episode_key
    where lesion.episode_key is null
)

select * from lesion
union all
select * from defined
