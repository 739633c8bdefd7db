-- Where in the body a value of a report was found: the coded Finding Site nearest to it, with the
-- side that stands below the site, else beside it. A side makes it the lateralised site where there
-- is such a concept.

with

site as (
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
),

side_beside as (
    select
        context.sop_instance_uid,
        context.path,
        laterality.laterality
    from {{ ref('int_report_context') }} as context
    inner join laterality
        on
            context.value_vocabulary_id = laterality.vocabulary_id
            and context.value_code = laterality.concept_code
    where context.role = 'laterality'
)

select
    site.sop_instance_uid,
    site.path,
    site.value_scheme as site_scheme,
    site.value_source_code as site_code,
    site.value_code as site_concept_code,
    site.value_meaning as site_meaning,
    coalesce(side_of_site.laterality, side_beside.laterality) as laterality,
    lateralised.concept_code is not null as is_lateralised,
    coalesce(lateralised.standard_concept_id, concept.site_concept_id, 0)
        as anatomic_site_concept_id
from site
left join side_of_site
    on
        site.sop_instance_uid = side_of_site.sop_instance_uid
        and site.path = side_of_site.path
left join side_beside
    on
        site.sop_instance_uid = side_beside.sop_instance_uid
        and site.path = side_beside.path
left join {{ ref('int_site_of_code') }} as concept
    on
        site.value_scheme = concept.coding_scheme
        and site.value_source_code = concept.code_value
left join {{ ref('int_lateralised_site') }} as lateralised
    on
        concept.concept_code = lateralised.site_concept_code
        and coalesce(side_of_site.laterality, side_beside.laterality) = lateralised.laterality
