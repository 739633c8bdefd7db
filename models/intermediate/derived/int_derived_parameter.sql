-- Parameters that no attribute states but users ask for (seed derived_parameter), in the shape of
-- int_series_parameter. A row with a reason_code does not become a feature.

with

content as (
    select * from {{ ref('int_series_content') }}
),

plane as (
    select
        of_series.series_instance_uid,
        orientation.plane,
        orientation.reason_code,
        sum(of_series.instance_count) as instance_count
    from {{ ref('int_series_header') }} as of_series
    inner join {{ ref('int_header_orientation') }} as orientation
        on of_series.header_id = orientation.header_id
    group by of_series.series_instance_uid, orientation.plane, orientation.reason_code
),

derived as (
    select
        series_instance_uid,
        'derived.InstanceCount' as path,
        0 as item,
        'derived' as value_slot,
        {{ micdm.null_of(dbt.type_string()) }} as value_key,
        cast(instance_count as double precision) as value_number,
        1 as distinct_value_count,
        instance_count,
        {{ micdm.null_of(dbt.type_string()) }} as reason_code
    from content
    union all
    select
        series_instance_uid,
        'derived.FrameCount' as path,
        0 as item,
        'derived' as value_slot,
        {{ micdm.null_of(dbt.type_string()) }} as value_key,
        cast(frame_count as double precision) as value_number,
        1 as distinct_value_count,
        instance_count,
        {{ micdm.null_of(dbt.type_string()) }} as reason_code
    from content
    union all
    select
        series_instance_uid,
        'derived.ImagePlane' as path,
        0 as item,
        coalesce('value:' || plane, 'derived') as value_slot,
        plane as value_key,
        {{ micdm.null_of('double precision') }} as value_number,
        count(*) over (partition by series_instance_uid, reason_code) as distinct_value_count,
        instance_count,
        reason_code
    from plane
    union all
    select
        spacing.series_instance_uid,
        'derived.SliceSpacing' as path,
        0 as item,
        'derived' as value_slot,
        {{ micdm.null_of(dbt.type_string()) }} as value_key,
        spacing.slice_spacing as value_number,
        1 as distinct_value_count,
        content.instance_count,
        spacing.reason_code
    from {{ ref('int_series_spacing') }} as spacing
    inner join content
        on spacing.series_instance_uid = content.series_instance_uid
    union all
    select
        series_instance_uid,
        'derived.ContrastGiven' as path,
        0 as item,
        'derived' as value_slot,
        contrast_given as value_key,
        {{ micdm.null_of('double precision') }} as value_number,
        answer_count as distinct_value_count,
        instance_count,
        {{ micdm.null_of(dbt.type_string()) }} as reason_code
    from {{ ref('int_contrast_given') }}
    union all
    select
        series_instance_uid,
        'derived.AcquisitionSpan' as path,
        0 as item,
        'derived' as value_slot,
        {{ micdm.null_of(dbt.type_string()) }} as value_key,
        {{ micdm.seconds_between('first_acquisition_datetime', 'last_acquisition_datetime') }}
            as value_number,
        1 as distinct_value_count,
        instance_count,
        case
            when
                {{ dbt.dateadd('day', 1, 'first_acquisition_datetime') }}
                < last_acquisition_datetime
                then 'implausible_duration'
        end as reason_code
    from {{ ref('int_series_timing') }}
    where first_acquisition_datetime < last_acquisition_datetime
    union all
    select
        series_instance_uid,
        'derived.UptakeTime' as path,
        item,
        'derived' as value_slot,
        {{ micdm.null_of(dbt.type_string()) }} as value_key,
        uptake_minutes as value_number,
        1 as distinct_value_count,
        instance_count,
        reason_code
    from {{ ref('int_series_uptake') }}
)

select
    derived.series_instance_uid,
    derived.path,
    derived.item,
    0 as position,  -- noqa: RF04
    derived.value_slot,
    'derived' as variation,
    '' as coding_scheme,
    derived.value_key,
    {{ micdm.null_of(dbt.type_string()) }} as value_text,
    derived.value_number,
    {{ micdm.null_of(dbt.type_string()) }} as code_meaning,
    derived.distinct_value_count,
    derived.instance_count,
    derived.path as concept_path,
    parameter.unit_code,
    -- No raw value, so no raw unit.
    {{ micdm.null_of(dbt.type_string()) }} as source_unit_code,
    derived.reason_code
from derived
inner join {{ ref('mapping_derived_parameter') }} as parameter
    on derived.path = parameter.path
