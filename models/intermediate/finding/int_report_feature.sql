-- Every number and code of a report that may be a feature, with all that is known of it, and the
-- reason why it is none. A finding is (tracking UID, study), so that the same lesion is a new
-- finding at each time point; without a tracking UID it is (report, group). What the same source
-- says again of the same finding in a later report replaces what it said before. Another session or
-- another segmentation of a tracked finding is another reading, not the same again: the readers of
-- a study share the tracking UIDs (LIDC-IDRI has up to four of a nodule). In chest CAD the modifier
-- is the finding: the nodule that an abnormal opacity is (PS3.16 TID 4104).

with

value as (
    select * from {{ ref('int_report_value') }}
    where use_reason is null
),

item as (
    select * from {{ ref('int_report_item') }}
),

context as (
    select
        sop_instance_uid,
        path,
        max(case when role = 'tracking_uid' then value_text end) as tracking_uid,
        max(case when role = 'tracking_identifier' then value_text end) as tracking_identifier,
        max(case when role = 'derivation' then value_code end) as derivation_code,
        max(case when role = 'method' then value_code end) as method_code,
        max(case when role = 'finding' then value_scheme end) as finding_scheme,
        max(case when role = 'finding' then value_source_code end) as finding_source_code,
        max(case when role = 'finding' then value_code end) as finding_code,
        max(case when role = 'finding' then value_meaning end) as finding_meaning,
        max(case when role = 'finding_modifier' then value_scheme end) as modifier_scheme,
        max(case when role = 'finding_modifier' then value_source_code end)
            as modifier_source_code,
        max(case when role = 'finding_modifier' then value_code end) as modifier_code,
        max(case when role = 'finding_modifier' then value_meaning end) as modifier_meaning,
        max(case when role = 'site' then value_code end) as site_code,
        -- What a session is called is a person's words: those stay out of the keys.
        max(case when role = 'session' then {{ dbt.hash('value_text') }} end) as session_hash
    from {{ ref('int_report_context') }}
    group by sop_instance_uid, path
),

-- The segmentation that a group measures.
segmentation as (
    select
        item_group.sop_instance_uid,
        item_group.group_path,
        min({{ micdm.byte_order('item.referenced_sop_instance_uid') }}) as segmentation_uid
    from {{ ref('int_report_item_group') }} as item_group
    inner join item
        on
            item_group.sop_instance_uid = item.sop_instance_uid
            and item_group.path = item.path
    where
        item_group.group_kind = 'finding'
        and item.role = 'segmentation'
        and item.referenced_sop_instance_uid is not null
    group by item_group.sop_instance_uid, item_group.group_path
),

identity as (
    select * from {{ ref('int_series_identity') }}
),

assembled as (
    select
        value.sop_instance_uid,
        value.path,
        value.item_number,
        value.value_type,
        value.group_path,
        value.group_kind,
        value.is_finding,
        report.study_instance_uid as report_study_instance_uid,
        report.content_datetime,
        link.series_instance_uid,
        link.series_link_method,
        link.series_candidate_count,
        series.study_instance_uid,
        series.person_id,
        item.concept_scheme,
        item.concept_source_code,
        item.concept_meaning,
        item.concept_vocabulary_id,
        item.concept_code,
        item.concept_id,
        item.standard_concept_id,
        item.domain_id,
        item.value_number,
        item.value_number_text,
        item.value_scheme,
        item.value_source_code,
        item.value_meaning,
        item.value_own_concept_id,
        item.value_standard_concept_id,
        nullif(item.unit_scheme, '') as unit_scheme,
        item.unit_source_code,
        context.tracking_uid,
        context.tracking_identifier,
        context.derivation_code,
        context.method_code,
        case
            when context.modifier_source_code is not null then context.modifier_scheme
            when value.is_finding then item.value_scheme
            else context.finding_scheme
        end as finding_scheme,
        case
            when context.modifier_source_code is not null then context.modifier_source_code
            when value.is_finding then item.value_source_code
            else context.finding_source_code
        end as finding_source_code,
        case
            when context.modifier_source_code is not null then context.modifier_code
            when value.is_finding then item.value_code
            else context.finding_code
        end as finding_code,
        case
            when context.modifier_source_code is not null then context.modifier_meaning
            when value.is_finding then item.value_meaning
            else context.finding_meaning
        end as finding_meaning,
        context.site_code,
        algorithm.alg_system,
        case
            when
                context.tracking_uid is not null
                and coalesce(context.session_hash, segmentation.segmentation_uid) is not null
                then
                    '|' || coalesce(context.session_hash, '')
                    || '|' || coalesce(segmentation.segmentation_uid, '')
            else ''
        end as reading,
        coalesce(
            link.reason_code,
            case
                when {{ micdm.is_other_patient('report_identity', 'series') }}
                    then 'report_of_another_patient'
            end
        ) as reason_code,
        case
            when value.group_kind <> 'finding' then null
            when context.tracking_uid is not null
                then 'uid:' || context.tracking_uid || '|' || coalesce(
                    series.study_instance_uid, report.study_instance_uid
                )
            else 'sop:' || value.sop_instance_uid || '|' || value.group_path
        end as finding_key
    from value
    inner join item
        on
            value.sop_instance_uid = item.sop_instance_uid
            and value.path = item.path
    inner join {{ ref('int_report') }} as report
        on value.sop_instance_uid = report.sop_instance_uid
    inner join {{ ref('int_report_series') }} as link
        on
            value.sop_instance_uid = link.sop_instance_uid
            and value.path = link.path
    left join {{ ref('int_series') }} as series
        on link.series_instance_uid = series.series_instance_uid
    left join identity as report_identity
        on report.series_instance_uid = report_identity.series_instance_uid
    left join context
        on
            value.sop_instance_uid = context.sop_instance_uid
            and value.path = context.path
    left join {{ ref('int_report_value_algorithm') }} as algorithm
        on
            value.sop_instance_uid = algorithm.sop_instance_uid
            and value.path = algorithm.path
    left join segmentation
        on
            value.sop_instance_uid = segmentation.sop_instance_uid
            and value.group_path = segmentation.group_path
),

keyed as (
    select
        *,
        coalesce(finding_key, 'sop:' || sop_instance_uid || '|' || group_path) as feature_path,
        concept_vocabulary_id || ':' || concept_code
        || '|' || coalesce(derivation_code, '')
        || '|' || coalesce(method_code, '')
        || '|' || coalesce(site_code, '')
        || '|' || coalesce(alg_system, '')
        || reading as feature_slot,
        -- A later report may correct the site: then it replaces the value all the same.
        concept_vocabulary_id || ':' || concept_code
        || '|' || coalesce(derivation_code, '')
        || '|' || coalesce(method_code, '')
        || '|' || coalesce(alg_system, '')
        || reading as said_by_source
    from assembled
),

ranked as (
    select
        *,
        dense_rank() over (
            partition by feature_path, said_by_source, reason_code
            order by
                case when content_datetime is null then 2 else 1 end,
                content_datetime desc,
                {{ micdm.byte_order('sop_instance_uid') }} desc
        ) as report_rank
    from keyed
)

select
    *,
    coalesce(
        reason_code, case when report_rank > 1 then 'reissued_report' end
    ) as outcome,
    row_number() over (
        partition by feature_path, feature_slot, sop_instance_uid
        order by item_number
    ) as ordinal
from ranked
