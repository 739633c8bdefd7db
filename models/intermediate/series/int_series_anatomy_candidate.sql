-- What each source of an image series says about where in the body it is: the coded Anatomic Region
-- Sequence (int_series_region), and texts (int_anatomy_of_text). One row per series, source and
-- value.

with

body_part as (
    select * from {{ ref('mapping_body_part') }}
),

concept_of_code as (
    select * from {{ ref('int_concept_of_code') }}
    where vocabulary_id = 'SNOMED'
),

coded as (
    select
        series_instance_uid,
        0 as source_order,
        'AnatomicRegionSequence' as anatomic_site_source,
        source_value as anatomic_site_source_value,
        concept_code,
        status,
        {{ micdm.null_of(dbt.type_string()) }} as matched_words,
        value_count
    from {{ ref('int_series_region') }}
),

worded as (
    select
        series_text.series_instance_uid,
        series_text.source_order,
        series_text.path as anatomic_site_source,
        series_text.value_text as anatomic_site_source_value,
        body_part.concept_code,
        named.status,
        named.matched_words,
        1 as value_count
    from {{ ref('int_series_anatomy_text') }} as series_text
    inner join {{ ref('int_anatomy_of_text') }} as named
        on
            series_text.path = named.path
            and series_text.value_text = named.value_text
    left join body_part
        on named.body_part = body_part.body_part
    -- Other texts need not name a body part; Body Part Examined should.
    where named.status <> 'unmapped' or named.path = 'BodyPartExamined'
),

candidate as (
    select * from coded
    union all
    select * from worded
)

select
    candidate.series_instance_uid,
    candidate.source_order,
    candidate.anatomic_site_source,
    candidate.anatomic_site_source_value,
    candidate.concept_code,
    candidate.matched_words as anatomic_site_words,
    candidate.value_count,
    case
        when candidate.status <> 'mapped' then candidate.status
        when concept_of_code.standard_concept_id is null then 'unmapped'
        else 'mapped'
    end as anatomic_site_status
from candidate
left join concept_of_code
    on candidate.concept_code = concept_of_code.concept_code
