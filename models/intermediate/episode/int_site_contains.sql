-- Pairs of body sites where the first contains the second: a site itself, the regions of the seeds,
-- and what a vocabulary's hierarchy adds.

with

part as (
    select
        part.body_part,
        concept.standard_concept_id as site_concept_id
    from {{ ref('mapping_body_part') }} as part
    inner join {{ ref('int_concept_of_code') }} as concept
        on
            part.vocabulary_id = concept.vocabulary_id
            and part.concept_code = concept.concept_code
    where concept.standard_concept_id is not null
),

used as (
    select distinct anatomic_site_concept_id as site_concept_id
    from {{ ref('int_series_anatomy') }}
    where anatomic_site_concept_id <> 0
)

select
    site_concept_id as outer_concept_id,
    site_concept_id as inner_concept_id
from used
union
select
    outer_part.site_concept_id as outer_concept_id,
    inner_part.site_concept_id as inner_concept_id
from {{ ref('int_body_part_ancestor') }} as ancestor
inner join part as outer_part
    on ancestor.ancestor = outer_part.body_part
inner join part as inner_part
    on ancestor.body_part = inner_part.body_part
union
select
    ancestor.ancestor_concept_id as outer_concept_id,
    ancestor.descendant_concept_id as inner_concept_id
from {{ ref('stg_concept_ancestor') }} as ancestor
inner join used as outer_site
    on ancestor.ancestor_concept_id = outer_site.site_concept_id
inner join used as inner_site
    on ancestor.descendant_concept_id = inner_site.site_concept_id
