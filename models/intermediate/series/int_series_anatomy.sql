-- One row per image series: where in the body, and who says so. In this order: the coded Anatomic
-- Region Sequence, Body Part Examined, procedure codes, and if the site wants it descriptions (hook
-- anatomy_text_sources). A source that settles it counts before an earlier one that does not. What
-- says "no anatomy" (PHANTOM) settles it too; what is not known or ambiguous gives no site: a wrong
-- site is worse than none. A known side makes the site the lateralised one, where there is such a
-- concept.

with

series as (
    select distinct series_instance_uid
    from {{ ref('int_image_instance') }}
),

concept_of_code as (
    select * from {{ ref('int_concept_of_code') }}
    where vocabulary_id = 'SNOMED'
),

ranked as (
    select
        *,
        row_number() over (
            partition by series_instance_uid
            order by
                case when anatomic_site_status in ('mapped', 'not_anatomy') then 1 else 2 end,
                source_order,
                value_count desc,
                {{ micdm.byte_order('anatomic_site_source_value') }} asc
        ) as preference
    from {{ ref('int_series_anatomy_candidate') }}
),

chosen as (
    select
        ranked.*,
        coalesce(lateralised.concept_code, ranked.concept_code) as site_concept_code,
        lateralised.concept_code is not null as is_lateralised
    from ranked
    left join {{ ref('int_series_laterality') }} as laterality
        on ranked.series_instance_uid = laterality.series_instance_uid
    left join {{ ref('mapping_lateralised_site') }} as lateralised
        on
            ranked.concept_code = lateralised.site_concept_code
            and laterality.laterality = lateralised.laterality
    where ranked.preference = 1
)

select
    series.series_instance_uid,
    chosen.anatomic_site_source,
    chosen.anatomic_site_source_value,
    chosen.anatomic_site_words,
    coalesce(chosen.anatomic_site_status, 'not_stated') as anatomic_site_status,
    coalesce(chosen.is_lateralised, false) as is_lateralised,
    -- NULL: nothing was said. 0: something was said that has no concept.
    case
        when chosen.series_instance_uid is null then null
        when chosen.anatomic_site_status <> 'mapped' then 0
        else concept_of_code.standard_concept_id
    end as anatomic_site_concept_id
from series
left join chosen
    on series.series_instance_uid = chosen.series_instance_uid
left join concept_of_code
    on chosen.site_concept_code = concept_of_code.concept_code
