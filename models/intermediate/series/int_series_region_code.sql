-- Each code of the Anatomic Region Sequence that an image series states, and the site it is: that
-- of the body part term it is a code of, else its own concept. A code that is neither is unmapped,
-- even where it names a part of a known region.

with

concept_of_code as (
    select * from {{ ref('int_concept_of_code') }}
    where vocabulary_id = 'SNOMED'
),

stated as (
    select
        series_instance_uid,
        coding_scheme,
        value_key as code_value,
        min({{ micdm.byte_order('code_meaning') }}) as code_meaning,
        cast(sum(value_count) as bigint) as value_count
    from {{ ref('int_series_value') }}
    where path = 'AnatomicRegionSequence'
    group by series_instance_uid, coding_scheme, value_key
),

named as (
    select
        stated.*,
        body_part.body_part,
        body_part.kind,
        coalesce(
            body_part.site_concept_code,
            case when entry.vocabulary_id = 'SNOMED' then entry.concept_code end
        ) as concept_code
    from stated
    left join {{ ref('int_coded_entry') }} as entry
        on
            stated.coding_scheme = entry.coding_scheme
            and stated.code_value = entry.code_value
    left join {{ ref('int_body_part_of_code') }} as body_part
        on
            entry.vocabulary_id = body_part.vocabulary_id
            and entry.concept_code = body_part.concept_code
)

select
    named.series_instance_uid,
    named.coding_scheme || ':' || named.code_value
    || coalesce('|' || named.code_meaning, '') as source_value,
    named.body_part,
    named.concept_code,
    named.value_count,
    case
        when named.kind = 'not_anatomy' then 'not_anatomy'
        when concept_of_code.standard_concept_id is null then 'unmapped'
        else 'mapped'
    end as status
from named
left join concept_of_code
    on named.concept_code = concept_of_code.concept_code
