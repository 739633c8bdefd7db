-- Where in the body a value of a report was found: the coded Finding Site nearest to it, with the
-- side that stands below the site, else beside it. A side makes it the lateralised site where there
-- is such a concept. Where no site is stated, a side that is a site itself (Left breast, PS3.16 CID
-- 6023, of the doses of mammography) is the site, and another side stands alone.

with

stated_site as (
    select
        context.sop_instance_uid,
        context.path,
        context.context_path,
        context.value_scheme,
        context.value_source_code,
        context.value_vocabulary_id,
        context.value_code,
        context.value_meaning
    from {{ ref('int_report_context') }} as context
    where context.role = 'site' and context.value_source_code is not null
),

laterality as (
    select * from {{ ref('mapping_laterality') }}
),

side as (
    select
        context.sop_instance_uid,
        context.path,
        context.context_path,
        context.value_scheme,
        context.value_source_code,
        context.value_vocabulary_id,
        context.value_code,
        context.value_meaning,
        laterality.laterality
    from {{ ref('int_report_context') }} as context
    left join laterality
        on
            context.value_vocabulary_id = laterality.vocabulary_id
            and context.value_code = laterality.concept_code
    where context.role = 'laterality' and context.value_source_code is not null
),

site as (
    select * from stated_site
    union all
    select
        side.sop_instance_uid,
        side.path,
        side.context_path,
        case when side.laterality is null then side.value_scheme end as value_scheme,
        case when side.laterality is null then side.value_source_code end as value_source_code,
        case when side.laterality is null then side.value_vocabulary_id end as value_vocabulary_id,
        case when side.laterality is null then side.value_code end as value_code,
        case when side.laterality is null then side.value_meaning end as value_meaning
    from side
    left join stated_site
        on
            side.sop_instance_uid = stated_site.sop_instance_uid
            and side.path = stated_site.path
    where stated_site.path is null
),

-- The modifier below the site item.
side_of_site as (
    select
        site.sop_instance_uid,
        site.path,
        min({{ micdm.byte_order('laterality.laterality') }}) as laterality
    from site
    inner join {{ ref('int_report_item') }} as modifier
        on
            site.sop_instance_uid = modifier.sop_instance_uid
            and site.context_path = modifier.parent_path
            and modifier.role = 'laterality'
    inner join laterality
        on
            modifier.value_vocabulary_id = laterality.vocabulary_id
            and modifier.value_code = laterality.concept_code
    group by site.sop_instance_uid, site.path
    having count(distinct laterality.laterality) = 1
)

select
    site.sop_instance_uid,
    site.path,
    site.value_scheme as site_scheme,
    site.value_source_code as site_code,
    site.value_code as site_concept_code,
    site.value_meaning as site_meaning,
    coalesce(side_of_site.laterality, side.laterality) as laterality,
    lateralised.concept_code is not null as is_lateralised,
    coalesce(
        lateralised.standard_concept_id,
        concept.site_concept_id,
        case when stated_site.path is not null then 0 end
    ) as anatomic_site_concept_id
from site
left join stated_site
    on
        site.sop_instance_uid = stated_site.sop_instance_uid
        and site.path = stated_site.path
left join side_of_site
    on
        site.sop_instance_uid = side_of_site.sop_instance_uid
        and site.path = side_of_site.path
left join side
    on
        site.sop_instance_uid = side.sop_instance_uid
        and site.path = side.path
left join {{ ref('int_site_of_code') }} as concept
    on
        site.value_scheme = concept.coding_scheme
        and site.value_source_code = concept.code_value
left join {{ ref('int_lateralised_site') }} as lateralised
    on
        concept.concept_code = lateralised.site_concept_code
        and coalesce(side_of_site.laterality, side.laterality) = lateralised.laterality
