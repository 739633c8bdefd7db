-- The image series that each value of a report belongs to. Of the sources of a series
-- (int_report_series_candidate) the first that says anything counts; of several series there, one
-- that is an image occurrence, then the one referred to most often, then the first in byte order.
-- Their number is kept.

with

value as (
    select
        value.sop_instance_uid,
        value.path,
        value.group_path,
        value.link
    from {{ ref('int_report_value') }} as value
    where value.use_reason is null
),

series as (
    select * from {{ ref('int_series') }}
),

scoped as (
    select
        value.sop_instance_uid,
        value.path,
        candidate.level,
        candidate.method,
        candidate.series_instance_uid,
        max(candidate.weight) as weight
    from value
    inner join {{ ref('int_report_series_candidate') }} as candidate
        on
            value.sop_instance_uid = candidate.sop_instance_uid
            and case when candidate.is_own then value.path else value.group_path end
            = candidate.scope_path
    group by
        value.sop_instance_uid,
        value.path,
        candidate.level,
        candidate.method,
        candidate.series_instance_uid
),

first_level as (
    select
        sop_instance_uid,
        path,
        min(level) as level
    from scoped
    group by sop_instance_uid, path
),

ranked as (
    select
        scoped.sop_instance_uid,
        scoped.path,
        scoped.method,
        scoped.series_instance_uid,
        series.series_instance_uid as staged_series_instance_uid,
        series.reason_code as series_reason_code,
        count(scoped.series_instance_uid) over (
            partition by scoped.sop_instance_uid, scoped.path
        ) as series_count,
        row_number() over (
            partition by scoped.sop_instance_uid, scoped.path
            order by
                case
                    when series.series_instance_uid is null then 3
                    when series.reason_code is not null then 2
                    else 1
                end,
                scoped.weight desc,
                {{ micdm.byte_order('scoped.series_instance_uid') }} asc
        ) as preference
    from scoped
    inner join first_level
        on
            scoped.sop_instance_uid = first_level.sop_instance_uid
            and scoped.path = first_level.path
            and scoped.level = first_level.level
    left join series
        on scoped.series_instance_uid = series.series_instance_uid
)

select
    value.sop_instance_uid,
    value.path,
    ranked.series_instance_uid,
    ranked.method as series_link_method,
    cast(coalesce(ranked.series_count, 0) as integer) as series_candidate_count,
    case
        -- A dose report speaks of its study's series of a modality: there is none yet.
        when ranked.sop_instance_uid is null and value.link <> 'image' then 'series_not_staged'
        when ranked.sop_instance_uid is null then 'no_series_reference'
        when ranked.staged_series_instance_uid is null then 'series_not_staged'
        when ranked.series_reason_code is not null then 'series_quarantined'
    end as reason_code
from value
left join ranked
    on
        value.sop_instance_uid = ranked.sop_instance_uid
        and value.path = ranked.path
        and ranked.preference = 1
