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
    registry.image_feature_id,
    image_finding.image_finding_id,
    case feature.domain
        when 'measurement' then measurement.measurement_id
        when 'observation' then observation.observation_id
        else condition_occurrence.condition_occurrence_id
    end as event_id
from {{ ref('int_image_finding_feature') }} as feature
inner join {{ ref('image_feature_registry') }} as registry
    on {{ micdm.same_feature('feature', 'registry') }}
left join {{ ref('image_finding_registry') }} as image_finding
    on feature.finding_key = image_finding.finding_key
left join {{ ref('measurement_registry') }} as measurement
    on {{ micdm.same_feature('feature', 'measurement') }}
left join {{ ref('observation_registry') }} as observation
    on {{ micdm.same_feature('feature', 'observation') }}
left join {{ ref('condition_registry') }} as condition_occurrence
    on {{ micdm.same_feature('feature', 'condition_occurrence') }}
where feature.lesion_key is not null
