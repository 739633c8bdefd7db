-- What the Anatomic Region Sequence of an image series says: one row for the codes that are a site
-- together, one for each code that is none. A phantom is no anatomy, whatever else is stated.
-- Several sites, be they items of one header or differ from instance to instance: a region that
-- contains another named one is dropped; what is left is one site, or a region that DICOM has a
-- term for (CHEST, ABDOMEN), or the series abstains. How often each is stated does not matter: a
-- wrong site is worse than none.

with

coded as (
    select * from {{ ref('int_series_region_code') }}
),

phantom as (
    select distinct series_instance_uid
    from coded
    where status = 'not_anatomy'
),

mapped as (
    select coded.*
    from coded
    left join phantom
        on coded.series_instance_uid = phantom.series_instance_uid
    where coded.status = 'mapped' and phantom.series_instance_uid is null
),

site as (
    select
        series_instance_uid,
        concept_code,
        min({{ micdm.byte_order('body_part') }}) as body_part
    from mapped
    group by series_instance_uid, concept_code
),

innermost as (
    select
        site.series_instance_uid,
        site.concept_code,
        site.body_part
    from site
    where not exists (
        select 1
        from site as inner_site
        inner join {{ ref('int_body_part_ancestor') }} as containing
            on inner_site.body_part = containing.body_part
        where
            inner_site.series_instance_uid = site.series_instance_uid
            and containing.ancestor = site.body_part
    )
),

joined as (
    select
        series_instance_uid,
        count(*) as site_count,
        count(body_part) as body_part_count,
        min({{ micdm.byte_order('concept_code') }}) as concept_code,
        {{ dbt.listagg('body_part', "'+'", 'order by ' ~ micdm.byte_order('body_part')) }} as parts
    from innermost
    group by series_instance_uid
),

decided as (
    select
        joined.series_instance_uid,
        case
            when joined.site_count = 1 then joined.concept_code
            when joined.site_count = joined.body_part_count then body_part.concept_code
        end as concept_code
    from joined
    left join {{ ref('mapping_body_part_combination') }} as combination
        on joined.parts = combination.parts
    left join {{ ref('mapping_body_part') }} as body_part
        on combination.body_part = body_part.body_part
),

source_value as (
    select
        series_instance_uid,
        {{ dbt.listagg('source_value', "' + '", 'order by ' ~ micdm.byte_order('source_value')) }}
            as source_value,
        cast(sum(value_count) as bigint) as value_count
    from mapped
    group by series_instance_uid
)

select
    decided.series_instance_uid,
    source_value.source_value,
    decided.concept_code,
    source_value.value_count,
    case when decided.concept_code is null then 'abstained' else 'mapped' end as status
from decided
inner join source_value
    on decided.series_instance_uid = source_value.series_instance_uid
union all
select
    series_instance_uid,
    source_value,
    concept_code,
    value_count,
    status
from coded
where status <> 'mapped'
