-- Each segment of a segmentation as one feature: its property type is present on the series that it
-- was drawn on (PS3.3 C.8.20.2). Nothing else is made up from it. A site may leave segmentations
-- out (var segmentations).

with

instance as (
    select * from {{ ref('int_instance') }}
    where reason_code is null
),

series as (
    select * from {{ ref('int_series') }}
),

segment as (
    select
        instance.sop_instance_uid,
        instance.series_instance_uid as object_series_instance_uid,
        instance.study_instance_uid as object_study_instance_uid,
        instance.content_datetime,
        segment.*
    from {{ ref('stg_dicom_segment') }} as segment
    inner join instance
        on
            segment.run_id = instance.run_id
            and segment.file_id = instance.file_id
),

candidate as (
    select
        object_series.sop_instance_uid,
        object_series.kind,
        object_series.series_instance_uid,
        series.series_instance_uid as staged_series_instance_uid,
        series.reason_code as series_reason_code,
        count(*) over (partition by object_series.sop_instance_uid) as series_count,
        row_number() over (
            partition by object_series.sop_instance_uid
            order by
                case
                    when series.series_instance_uid is null then 3
                    when series.reason_code is not null then 2
                    else 1
                end,
                object_series.instance_count desc,
                {{ micdm.byte_order('object_series.series_instance_uid') }} asc
        ) as preference
    from {{ ref('int_object_series') }} as object_series
    left join series
        on object_series.series_instance_uid = series.series_instance_uid
),

assembled as (
    select
        segment.sop_instance_uid,
        segment.segment_number,
        segment.content_datetime,
        candidate.series_instance_uid,
        candidate.kind as series_link_method,
        cast(coalesce(candidate.series_count, 0) as integer) as series_candidate_count,
        series.study_instance_uid,
        series.person_id,
        coalesce(segment.type_scheme, '') as type_scheme,
        segment.type_code,
        segment.type_meaning,
        coalesce(segment.region_scheme, '') as region_scheme,
        segment.region_code,
        coalesce(segment.region_modifier_scheme, '') as region_modifier_scheme,
        segment.region_modifier_code,
        segment.algorithm_type,
        segment.tracking_uid,
        segment.tracking_identifier,
        case
            when segment.algorithm_type <> 'MANUAL' or segment.algorithm_type is null
                then {{ micdm.alg_system(
                    'segment.algorithm_source',
                    'segment.algorithm_name',
                    'segment.algorithm_version',
                    'segment.algorithm_parameters',
                ) }}
        end as alg_system,
        case
        {% if not var('segmentations') %}
            when 1 = 1 then 'switched_off'
            {% endif %}
            when segment.reason_code is not null then segment.reason_code
            when segment.type_code is null then 'no_property_type'
            when candidate.sop_instance_uid is null then 'no_series_reference'
            when candidate.staged_series_instance_uid is null then 'series_not_staged'
            when candidate.series_reason_code is not null then 'series_quarantined'
            when {{ micdm.is_other_patient('object_identity', 'series') }}
                then 'report_of_another_patient'
        end as reason_code
    from segment
    left join candidate
        on
            segment.sop_instance_uid = candidate.sop_instance_uid
            and candidate.preference = 1
    left join series
        on candidate.series_instance_uid = series.series_instance_uid
    left join {{ ref('int_series_identity') }} as object_identity
        on segment.object_series_instance_uid = object_identity.series_instance_uid
),

keyed as (
    select
        *,
        case
            when tracking_uid is not null
                then 'uid:' || tracking_uid || '|' || coalesce(study_instance_uid, '')
            else
                'sop:' || sop_instance_uid || '|' || cast(segment_number as {{ dbt.type_string() }})
        end as finding_key
    from assembled
)

select
    *,
    'segment|' || sop_instance_uid || '|' || cast(segment_number as {{ dbt.type_string() }})
        as feature_slot
from keyed
