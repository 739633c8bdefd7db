-- One row per image series: where in the body. In this order: the coded Anatomic Region Sequence
-- (SNOMED CT, or a retired SNOMED-RT code that DICOM itself translates), else Body Part Examined.
-- What says "no anatomy" (PHANTOM, ...) or is not known gives no site: a wrong site is worse than
-- none. A known side makes the site the lateralised one, where there is such a concept.

with

series as (
    select distinct series_instance_uid
    from {{ ref('int_image_instance') }}
),

series_value as (
    select * from {{ ref('int_series_value') }}
),

body_part as (
    select * from {{ ref('mapping_body_part') }}
),

synonym as (
    select * from {{ ref('mapping_body_part_synonym') }}
),

-- A site's codes by SNOMED-RT; several body part terms share one.
retired_code as (
    select
        srt_code,
        min({{ micdm.byte_order('concept_code') }}) as concept_code
    from body_part
    where srt_code is not null and concept_code is not null
    group by srt_code
),

coded as (
    select
        series_value.series_instance_uid,
        'AnatomicRegionSequence' as anatomic_site_source,
        series_value.coding_scheme || ':' || series_value.value_key
        || coalesce('|' || series_value.code_meaning, '') as anatomic_site_source_value,
        'anatomy' as kind,
        case
            when series_value.coding_scheme in ('SCT', '2.16.840.1.113883.6.96')
                then series_value.value_key
            else retired_code.concept_code
        end as concept_code,
        series_value.value_count,
        1 as source_order
    from series_value
    left join retired_code
        on
            series_value.value_key = retired_code.srt_code
            and series_value.coding_scheme in ('SRT', 'SNM3', '99SDM')
    where series_value.path = 'AnatomicRegionSequence'
),

examined as (
    select
        series_value.series_instance_uid,
        'BodyPartExamined' as anatomic_site_source,
        series_value.value_text as anatomic_site_source_value,
        body_part.kind,
        body_part.concept_code,
        series_value.value_count,
        2 as source_order
    from series_value
    left join synonym
        on {{ micdm.normalise_body_part('series_value.value_text') }} = synonym.synonym
    left join body_part
        on coalesce(
            synonym.body_part,
            {{ micdm.normalise_body_part('series_value.value_text') }}
        ) = body_part.body_part
    where series_value.path = 'BodyPartExamined'
),

candidate as (
    select * from coded
    union all
    select * from examined
),

resolved as (
    select
        candidate.*,
        case
            when candidate.kind = 'not_anatomy' then 'not_anatomy'
            when concept_of_code.standard_concept_id is not null then 'mapped'
            else 'unmapped'
        end as anatomic_site_status
    from candidate
    left join {{ ref('int_concept_of_code') }} as concept_of_code
        on
            candidate.concept_code = concept_of_code.concept_code
            and concept_of_code.vocabulary_id = 'SNOMED'
),

-- Within a source that varies over the instances the most frequent value counts; a source that
-- maps is worth more than an earlier one that does not.
ranked as (
    select
        *,
        row_number() over (
            partition by series_instance_uid
            order by
                case when anatomic_site_status = 'mapped' then 1 else 2 end,
                source_order,
                case when anatomic_site_status = 'not_anatomy' then 1 else 2 end,
                value_count desc,
                {{ micdm.byte_order('anatomic_site_source_value') }}
        ) as preference
    from resolved
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
left join {{ ref('int_concept_of_code') }} as concept_of_code
    on
        chosen.site_concept_code = concept_of_code.concept_code
        and concept_of_code.vocabulary_id = 'SNOMED'
