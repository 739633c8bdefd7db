-- One row per image series whose header says whether a contrast agent was given, by the attributes
-- that seed derived_parameter lists: an agent, an ingredient or a route by name, an amount above 0,
-- or a plain YES or NO. One instance that says so is enough. An amount of 0 says nothing: it is
-- written for "not filled in" too.

with

listed as (
    select '|' || from_paths || '|' as paths
    from {{ ref('mapping_derived_parameter') }}
    where path = 'derived.ContrastGiven'
),

attribute as (
    select
        attribute.path,
        attribute.value_type
    from {{ ref('mapping_dicom_attribute') }} as attribute
    inner join listed
        on listed.paths like '%|' || attribute.path || '|%'
),

evidence as (
    select
        series_value.series_instance_uid,
        series_value.path,
        series_value.instance_count,
        case
            when attribute.value_type = 'number' and series_value.value_number > 0 then 'YES'
            when attribute.value_type = 'code_sequence' then 'YES'
            -- Plain words for no and for nothing, in a text or code that a site may list here.
            when
                attribute.value_type in ('code', 'text')
                and upper(series_value.value_key) in ('NO', 'NONE', 'N', 'FALSE', 'WITHOUT')
                then 'NO'
            when
                attribute.value_type in ('code', 'text')
                and upper(series_value.value_key) not in ('0', 'UNKNOWN', 'N/A', 'NA', '-')
                then 'YES'
        end as contrast_given
    from {{ ref('int_series_value') }} as series_value
    inner join attribute
        on series_value.path = attribute.path
)

select
    series_instance_uid,
    max(contrast_given) as contrast_given,
    count(distinct contrast_given) as answer_count,
    max(instance_count) as instance_count
from evidence
where contrast_given is not null
group by series_instance_uid
