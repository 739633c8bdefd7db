-- Features of lesions that are followed: those with a tracking UID, or with the lesion key that a
-- site gives with its results. Nothing else makes two findings one lesion. One row per feature,
-- with the clinical row that holds its value.

select
    feature.person_id,
    feature.lesion_key as episode_key,
    feature.finding_key,
    feature.finding_concept_id,
    feature.study_instance_uid,
    feature.series_instance_uid,
    feature.image_occurrence_id,
    feature.image_date,
    feature.image_datetime,
    feature.vocabulary_id,
    feature.concept_code,
    feature.feature_concept_id,
    feature.derivation_code,
    feature.method_code,
    feature.domain,
    feature.value_number,
    feature.value_as_concept_id,
    feature.unit_code,
    feature.unit_concept_id,
    feature.anatomic_site_concept_id,
    feature.alg_system,
    feature.alg_datetime,
    image_feature.image_feature_id,
    image_feature.image_finding_id,
    image_feature.image_feature_event_id as event_id
from {{ ref('int_image_finding_feature') }} as feature
inner join {{ ref('image_feature_registry') }} as registry
    on {{ micdm.same_feature('feature', 'registry') }}
inner join {{ ref('image_feature') }} as image_feature
    on registry.image_feature_id = image_feature.image_feature_id
where feature.lesion_key is not null
