-- Features of reports, segmentations and algorithm results in one shape, with their concepts. Those
-- with a reason_code do not become features: they are in quality.quarantine.

{% set text = dbt.type_string() %}

with

laterality as (
    select * from {{ ref('mapping_laterality') }}
),

coded_entry as (
    select * from {{ ref('int_coded_entry') }}
),

report as (
    select
        'report' as source,
        feature.feature_path,
        feature.feature_slot,
        cast(feature.ordinal as integer) as ordinal,
        feature.series_instance_uid,
        feature.study_instance_uid,
        feature.person_id,
        feature.sop_instance_uid,
        feature.path as source_path,
        feature.value_type = 'NUM' as is_number,
        feature.is_finding,
        feature.concept_scheme,
        feature.concept_source_code as concept_code,
        feature.concept_meaning,
        feature.value_number,
        coalesce(feature.value_number_text, feature.value_meaning, feature.value_source_code)
            as value_source_text,
        feature.value_scheme,
        feature.value_source_code as value_code,
        feature.value_meaning,
        {{ micdm.null_of(text) }} as operator,
        feature.unit_scheme,
        feature.unit_source_code,
        feature.finding_key,
        feature.finding_scheme,
        feature.finding_source_code as finding_code,
        feature.finding_meaning,
        feature.tracking_uid,
        feature.tracking_identifier,
        feature.tracking_uid as lesion_key,
        site.site_scheme,
        site.site_code,
        site.laterality,
        site.anatomic_site_concept_id as stated_site_concept_id,
        feature.derivation_code,
        feature.method_code,
        feature.alg_system,
        case when feature.alg_system is not null then feature.content_datetime end as alg_datetime,
        case
            when feature.alg_system is not null then 'type_standard_algorithm'
            else 'type_structured_report'
        end as feature_type_role,
        feature.series_link_method,
        feature.series_candidate_count,
        feature.outcome as reason_code
    from {{ ref('int_report_feature') }} as feature
    left join {{ ref('int_report_site') }} as site
        on
            feature.sop_instance_uid = site.sop_instance_uid
            and feature.path = site.path
),

segment_side as (
    select
        segment.sop_instance_uid,
        segment.segment_number,
        laterality.laterality
    from {{ ref('int_segment_feature') }} as segment
    inner join coded_entry
        on
            segment.region_modifier_scheme = coded_entry.coding_scheme
            and segment.region_modifier_code = coded_entry.code_value
    inner join laterality
        on
            coded_entry.vocabulary_id = laterality.vocabulary_id
            and coded_entry.concept_code = laterality.concept_code
),

segmentation as (
    select
        'segmentation' as source,
        segment.finding_key as feature_path,
        segment.feature_slot,
        1 as ordinal,
        segment.series_instance_uid,
        segment.study_instance_uid,
        segment.person_id,
        segment.sop_instance_uid,
        cast(segment.segment_number as {{ text }}) as source_path,
        false as is_number,
        false as is_finding,
        segment.type_scheme as concept_scheme,
        segment.type_code as concept_code,
        segment.type_meaning as concept_meaning,
        cast(null as double precision) as value_number,
        {{ micdm.null_of(text) }} as value_source_text,
        {{ micdm.null_of(text) }} as value_scheme,
        {{ micdm.null_of(text) }} as value_code,
        {{ micdm.null_of(text) }} as value_meaning,
        {{ micdm.null_of(text) }} as operator,
        {{ micdm.null_of(text) }} as unit_scheme,
        {{ micdm.null_of(text) }} as unit_source_code,
        segment.finding_key,
        segment.type_scheme as finding_scheme,
        segment.type_code as finding_code,
        segment.type_meaning as finding_meaning,
        segment.tracking_uid,
        segment.tracking_identifier,
        segment.tracking_uid as lesion_key,
        case when segment.region_code is not null then segment.region_scheme end as site_scheme,
        segment.region_code as site_code,
        segment_side.laterality,
        case
            when segment.region_code is not null
                then coalesce(
                    lateralised.standard_concept_id, site.site_concept_id, 0
                )
        end as stated_site_concept_id,
        {{ micdm.null_of(text) }} as derivation_code,
        {{ micdm.null_of(text) }} as method_code,
        segment.alg_system,
        case when segment.alg_system is not null then segment.content_datetime end as alg_datetime,
        case
            when segment.alg_system is not null then 'type_standard_algorithm'
            else 'type_segmentation'
        end as feature_type_role,
        segment.series_link_method,
        segment.series_candidate_count,
        segment.reason_code
    from {{ ref('int_segment_feature') }} as segment
    left join segment_side
        on
            segment.sop_instance_uid = segment_side.sop_instance_uid
            and segment.segment_number = segment_side.segment_number
    left join {{ ref('int_site_of_code') }} as site
        on
            segment.region_scheme = site.coding_scheme
            and segment.region_code = site.code_value
    left join {{ ref('int_lateralised_site') }} as lateralised
        on
            site.concept_code = lateralised.site_concept_code
            and segment_side.laterality = lateralised.laterality
),

algorithm_result as (
    select
        source,
        feature_path,
        feature_slot,
        ordinal,
        series_instance_uid,
        study_instance_uid,
        person_id,
        sop_instance_uid,
        source_path,
        is_number,
        is_finding,
        concept_scheme,
        concept_code,
        concept_meaning,
        value_number,
        value_source_text,
        value_scheme,
        value_code,
        value_meaning,
        operator,
        unit_scheme,
        unit_source_code,
        finding_key,
        finding_scheme,
        finding_code,
        finding_meaning,
        tracking_uid,
        tracking_identifier,
        lesion_key,
        site_scheme,
        site_code,
        laterality,
        stated_site_concept_id,
        derivation_code,
        method_code,
        alg_system,
        alg_datetime,
        feature_type_role,
        series_link_method,
        series_candidate_count,
        reason_code
    from {{ ref('int_algorithm_result') }}
),

feature as (
    select * from report
    union all
    select * from segmentation
    union all
    select * from algorithm_result
),

resolved as (
    select
        feature.*,
        registry.image_occurrence_id,
        coalesce(concept.vocabulary_id, feature.concept_scheme) as vocabulary_id,
        coalesce(concept.concept_id, 0) as attribute_concept_id,
        {% if var('nonstandard_concept') == 'zero' %}
        coalesce(concept.standard_concept_id, 0) as feature_concept_id,
        {% else %}
        coalesce(concept.standard_concept_id, concept.concept_id, 0) as feature_concept_id,
        {% endif %}
        case
            when condition.concept_id is not null then 'condition_occurrence'
            when feature.is_finding then 'condition_occurrence'
            when feature.is_number then 'measurement'
            -- A segment says that something is there.
            when feature.source = 'segmentation' then 'observation'
            when coalesce(concept.standard_domain_id, concept.domain_id) = 'Measurement'
                then 'measurement'
            else 'observation'
        end as domain,
        coalesce(
            condition.standard_concept_id,
            condition.concept_id,
            case when feature.is_finding then finding_at_site.standard_concept_id end,
            case when feature.is_finding then finding_entry.standard_concept_id end
        ) as condition_concept_id,
        value_entry.concept_id as value_own_concept_id,
        operator.concept_id as operator_concept_id,
        -- A finding becomes a condition only where its concept is one.
        case
            when
                feature.is_finding
                and coalesce(
                    finding_at_site.standard_domain_id, finding_entry.standard_domain_id, ''
                )
                <> 'Condition'
                then 'report_context'
        end as finding_reason_code,
        case
            when feature.source = 'segmentation' then {{ micdm.cdm_concept('value_present') }}
            when feature.value_code is not null
                then coalesce(value_entry.standard_concept_id, value_entry.concept_id, 0)
        end as value_as_concept_id,
        case
            -- A plain number has no unit concept.
            when unit.unit_source_code is not null and unit.unit_code is null then null
            when feature.unit_source_code is not null then coalesce(unit.unit_concept_id, 0)
        end as unit_concept_id,
        unit.unit_code,
        case
            when feature.unit_source_code is not null then coalesce(unit.concept_id, 0)
        end as unit_source_concept_id,
        case
            when feature.finding_key is null then null
            when feature.finding_code is null then null
            else coalesce(
                finding_at_site.standard_concept_id,
                finding_entry.standard_concept_id,
                finding_entry.concept_id,
                0
            )
        end as finding_concept_id,
        coalesce(feature.stated_site_concept_id, anatomy.anatomic_site_concept_id)
            as anatomic_site_concept_id,
        case
            when feature.stated_site_concept_id is not null then 'stated'
            when anatomy.anatomic_site_concept_id is not null then 'series'
        end as anatomic_site_source
    from feature
    left join {{ ref('image_occurrence_registry') }} as registry
        on feature.series_instance_uid = registry.series_instance_uid
    left join {{ ref('int_series_anatomy') }} as anatomy
        on feature.series_instance_uid = anatomy.series_instance_uid
    left join coded_entry as concept
        on
            feature.concept_scheme = concept.coding_scheme
            and feature.concept_code = concept.code_value
    left join coded_entry as value_entry
        on
            feature.value_scheme = value_entry.coding_scheme
            and feature.value_code = value_entry.code_value
    left join coded_entry as finding_entry
        on
            feature.finding_scheme = finding_entry.coding_scheme
            and feature.finding_code = finding_entry.code_value
    left join coded_entry as site_entry
        on
            feature.site_scheme = site_entry.coding_scheme
            and feature.site_code = site_entry.code_value
    left join {{ ref('int_finding_concept') }} as finding_at_site
        on
            finding_entry.concept_code = finding_at_site.finding_code
            and site_entry.concept_code = finding_at_site.site_code
    left join {{ ref('int_finding_condition') }} as condition
        on
            coalesce(concept.vocabulary_id, feature.concept_scheme) = condition.vocabulary_id
            and coalesce(concept.concept_code, feature.concept_code) = condition.code
            and coalesce(value_entry.vocabulary_id, feature.value_scheme)
            = condition.value_vocabulary_id
            and coalesce(value_entry.concept_code, feature.value_code) = condition.value_code
    left join {{ ref('int_operator') }} as operator
        on feature.operator = operator.operator
    left join {{ ref('int_unit_of_code') }} as unit
        on
            coalesce(feature.unit_scheme, '') = unit.unit_scheme
            and feature.unit_source_code = unit.unit_source_code
)

select
    source,
    feature_path,
    feature_slot,
    ordinal,
    image_occurrence_id,
    series_instance_uid,
    study_instance_uid,
    person_id,
    sop_instance_uid,
    source_path,
    domain,
    concept_scheme,
    concept_code,
    concept_meaning,
    vocabulary_id,
    attribute_concept_id,
    case
        when domain = 'condition_occurrence' then coalesce(condition_concept_id, 0)
        else feature_concept_id
    end as feature_concept_id,
    coalesce(condition_concept_id, 0) as condition_concept_id,
    value_number,
    value_source_text,
    nullif(value_scheme, '') as value_scheme,
    value_code,
    value_meaning,
    value_as_concept_id,
    value_own_concept_id,
    operator_concept_id,
    unit_source_code,
    unit_code,
    unit_concept_id,
    unit_source_concept_id,
    finding_key,
    finding_scheme,
    finding_code,
    finding_meaning,
    finding_concept_id,
    tracking_uid,
    tracking_identifier,
    lesion_key,
    site_scheme,
    site_code,
    anatomic_site_concept_id,
    anatomic_site_source,
    laterality,
    derivation_code,
    method_code,
    alg_system,
    alg_datetime,
    feature_type_role,
    series_link_method,
    series_candidate_count,
    coalesce(reason_code, finding_reason_code) as reason_code
from resolved
