-- Each lesion and each examination (study and modality) of its person in which lesions were
-- followed on the same part of the body: seen there or not. `status` is
--   baseline      seen, and no such examination came before
--   new           seen for the first time, and such an examination came before without it
--   followed      seen, and seen before
--   not_reported  not seen, but seen before: gone, or not told
-- Reports do not say what they leave out, so "gone" can't be told from "not told".

with

feature as (
    select * from {{ ref('int_lesion_feature') }}
),

lesion_exam as (
    select
        feature.person_id,
        feature.episode_key,
        feature.study_instance_uid,
        series.modality,
        min(feature.image_date) as exam_date
    from feature
    inner join {{ ref('int_image_series') }} as series
        on feature.series_instance_uid = series.series_instance_uid
    group by
        feature.person_id,
        feature.episode_key,
        feature.study_instance_uid,
        series.modality
),

exam as (
    select
        feature.person_id,
        feature.study_instance_uid,
        series.modality,
        anatomy.anatomic_site_concept_id as site_concept_id,
        min(feature.image_date) as exam_date
    from feature
    inner join {{ ref('int_image_series') }} as series
        on feature.series_instance_uid = series.series_instance_uid
    inner join {{ ref('int_series_anatomy') }} as anatomy
        on feature.series_instance_uid = anatomy.series_instance_uid
    group by
        feature.person_id,
        feature.study_instance_uid,
        series.modality,
        anatomy.anatomic_site_concept_id
),

-- The parts of the body on whose images a lesion was seen.
lesion_site as (
    select distinct
        feature.person_id,
        feature.episode_key,
        series.modality,
        anatomy.anatomic_site_concept_id as site_concept_id
    from feature
    inner join {{ ref('int_image_series') }} as series
        on feature.series_instance_uid = series.series_instance_uid
    inner join {{ ref('int_series_anatomy') }} as anatomy
        on feature.series_instance_uid = anatomy.series_instance_uid
),

-- An examination of the same part, or of a larger one around it.
comparable as (
    select distinct
        lesion_site.person_id,
        lesion_site.episode_key,
        exam.study_instance_uid,
        exam.modality,
        exam.exam_date
    from lesion_site
    inner join exam
        on
            lesion_site.person_id = exam.person_id
            and lesion_site.modality = exam.modality
    inner join {{ ref('int_site_around') }} as around
        on
            exam.site_concept_id = around.around_concept_id
            and lesion_site.site_concept_id = around.site_concept_id
),

both_kinds as (
    select
        lesion_exam.person_id,
        lesion_exam.episode_key,
        lesion_exam.study_instance_uid,
        lesion_exam.modality,
        lesion_exam.exam_date,
        true as is_seen
    from lesion_exam
    union all
    select
        comparable.person_id,
        comparable.episode_key,
        comparable.study_instance_uid,
        comparable.modality,
        comparable.exam_date,
        false as is_seen
    from comparable
    left join lesion_exam
        on
            comparable.person_id = lesion_exam.person_id
            and comparable.episode_key = lesion_exam.episode_key
            and comparable.study_instance_uid = lesion_exam.study_instance_uid
            and comparable.modality = lesion_exam.modality
    where lesion_exam.episode_key is null
),

counted as (
    select
        *,
        min(case when is_seen then exam_date end) over (
            partition by person_id, episode_key
        ) as first_seen_date,
        min(exam_date) over (
            partition by person_id, episode_key
        ) as first_exam_date
    from both_kinds
)

select
    person_id,
    episode_key,
    study_instance_uid,
    modality,
    exam_date,
    is_seen,
    case
        when not is_seen then 'not_reported'
        when exam_date > first_seen_date then 'followed'
        when first_exam_date < first_seen_date then 'new'
        else 'baseline'
    end as status
from counted
where is_seen or exam_date > first_seen_date
