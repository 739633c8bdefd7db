{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='episode_id'
) }}
-- depends_on: {{ ref('affected_person') }}

-- Sizes compare at one unit of length or volume (seed unit_size). The doubling time is that of the
-- volume: days * ln 2 / ln (volume now / volume before); a diameter goes in by its cube. It is told
-- for sizes only (seed lesion_size), NULL where the size did not change, negative where it shrank.

{# Values of one kind compare: the same concept of the same lesion, measured in the same way. #}
{% set kind = [
    'person_id',
    'episode_key',
    'vocabulary_id',
    'concept_code',
    'derivation_code',
    'method_code',
    'comparable_unit',
] | join(', ') %}

with

lesion_size as (
    select distinct
        coalesce(coding_scheme.vocabulary_id, lesion_size.scheme) as vocabulary_id,
        lesion_size.code
    from {{ ref('mapping_lesion_size') }} as lesion_size
    left join {{ ref('mapping_coding_scheme') }} as coding_scheme
        on lesion_size.scheme = coding_scheme.coding_scheme
),

feature as (
    select
        feature.*,
        series.modality,
        unit_size.dimension,
        unit_size.dimension is not null and lesion_size.code is not null as is_size,
        coalesce(unit_size.factor, 1) as unit_factor,
        feature.value_number * coalesce(unit_size.factor, 1) as comparable_value,
        -- A size in cm and one in mm compare; other numbers compare in one and the same unit.
        coalesce(unit_size.dimension, feature.unit_code, '') as comparable_unit
    from {{ ref('int_lesion_feature') }} as feature
    inner join {{ ref('int_image_series') }} as series
        on feature.series_instance_uid = series.series_instance_uid
    left join {{ ref('mapping_unit_size') }} as unit_size
        on feature.unit_code = unit_size.unit_code
    left join lesion_size
        on
            feature.vocabulary_id = lesion_size.vocabulary_id
            and feature.concept_code = lesion_size.code
),

-- Of several values of one kind at one time point, the latest result counts.
ranked as (
    select
        *,
        count(*) over (
            partition by finding_key, {{ kind }}
        ) as value_count,
        row_number() over (
            partition by finding_key, {{ kind }}
            order by
                case when alg_datetime is null then 2 else 1 end,
                alg_datetime desc,
                image_feature_id asc
        ) as preference
    from feature
),

compared as (
    select
        *,
        lag(image_date) over (
            partition by {{ kind }}
            order by image_date, image_feature_id
        ) as previous_date,
        lag(comparable_value) over (
            partition by {{ kind }}
            order by image_date, image_feature_id
        ) as previous_value,
        first_value(comparable_value) over (
            partition by {{ kind }}
            order by image_date, image_feature_id
        ) as first_size,
        min(image_date)
            over (partition by person_id, episode_key)
            as first_date
    from ranked
    where preference = 1
),

measured as (
    select
        compared.*,
        {{ micdm.days_between('first_date', 'image_date') }} as days_since_first,
        {{ micdm.days_between('previous_date', 'image_date') }} as days_since_previous,
        case
            when compared.is_size and compared.comparable_value > 0 and compared.previous_value > 0
                then
                    case compared.dimension when 'length' then 3 else 1 end
                    * ln(compared.comparable_value / compared.previous_value)
        end as log_volume_factor
    from compared
),

seen as (
    select
        registry.episode_id,
        measured.person_id,
        measured.episode_key as lesion_key,
        exam.status,
        measured.image_date as exam_date,
        exam.study_instance_uid as image_study_uid,
        measured.image_occurrence_id,
        measured.image_finding_id,
        measured.image_feature_id,
        measured.feature_concept_id,
        measured.derivation_code,
        measured.method_code,
        measured.value_number as value_as_number,
        measured.value_as_concept_id,
        measured.unit_concept_id,
        cast(measured.value_count as integer) as value_count,
        measured.days_since_first,
        measured.days_since_previous,
        {{ micdm.significant(
            '((measured.comparable_value - measured.previous_value) / measured.unit_factor)'
        ) }}
            as absolute_change,
        case
            when measured.previous_value <> 0
                then {{ micdm.significant(
                    '(100 * (measured.comparable_value / measured.previous_value - 1))'
                ) }}
        end as percent_change,
        case
            when measured.first_size <> 0
                then {{ micdm.significant(
                    '(100 * (measured.comparable_value / measured.first_size - 1))'
                ) }}
        end as percent_change_since_first,
        case
            when measured.log_volume_factor <> 0
                then {{ micdm.significant(
                    '(measured.days_since_previous * ln(2e0) / measured.log_volume_factor)'
                ) }}
        end as volume_doubling_days
    from measured
    inner join {{ ref('int_lesion_exam') }} as exam
        on
            measured.person_id = exam.person_id
            and measured.episode_key = exam.episode_key
            and measured.study_instance_uid = exam.study_instance_uid
            and measured.modality = exam.modality
    inner join {{ ref('episode_registry') }} as registry
        on
            measured.person_id = registry.person_id
            and measured.episode_key = registry.episode_key
),

first_seen as (
    select
        person_id,
        episode_key,
        min(image_date) as first_date
    from feature
    group by person_id, episode_key
),

not_reported as (
    select
        registry.episode_id,
        exam.person_id,
        exam.episode_key as lesion_key,
        exam.status,
        exam.exam_date,
        exam.study_instance_uid as image_study_uid,
        {{ micdm.null_of('integer') }} as image_occurrence_id,
        {{ micdm.null_of('integer') }} as image_finding_id,
        {{ micdm.null_of('integer') }} as image_feature_id,
        {{ micdm.null_of('integer') }} as feature_concept_id,
        {{ micdm.null_of(dbt.type_string()) }} as derivation_code,
        {{ micdm.null_of(dbt.type_string()) }} as method_code,
        {{ micdm.null_of('double precision') }} as value_as_number,
        {{ micdm.null_of('integer') }} as value_as_concept_id,
        {{ micdm.null_of('integer') }} as unit_concept_id,
        0 as value_count,
        {{ micdm.days_between('first_seen.first_date', 'exam.exam_date') }} as days_since_first,
        {{ micdm.null_of('integer') }} as days_since_previous,
        {{ micdm.null_of('double precision') }} as absolute_change,
        {{ micdm.null_of('double precision') }} as percent_change,
        {{ micdm.null_of('double precision') }} as percent_change_since_first,
        {{ micdm.null_of('double precision') }} as volume_doubling_days
    from {{ ref('int_lesion_exam') }} as exam
    inner join first_seen
        on
            exam.person_id = first_seen.person_id
            and exam.episode_key = first_seen.episode_key
    inner join {{ ref('episode_registry') }} as registry
        on
            exam.person_id = registry.person_id
            and exam.episode_key = registry.episode_key
    where not exam.is_seen
),

final as (
    select * from seen
    union all
    select * from not_reported
)

select * from final
order by episode_id, exam_date, image_feature_id
