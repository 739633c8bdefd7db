-- (modality, anatomic site, contrast) -> the standard imaging procedure, from the seed
-- imaging_procedure: of the site itself, else of the narrowest region that contains it (the CT of a
-- lung is a CT of the chest). A region joined from several (chest and abdomen) is not meant by a
-- part of it. Rows without a body part hold for the modality whatever the site. A row whose code
-- has no standard concept in the vocabulary in use does not count.

with

body_part as (
    select
        body_part,
        vocabulary_id,
        concept_code
    from {{ ref('mapping_body_part') }}
    where kind = 'anatomy' and concept_code is not null
),

concept_of_code as (
    select * from {{ ref('int_concept_of_code') }}
),

ancestor as (
    select * from {{ ref('int_body_part_ancestor') }}
),

ancestor_count as (
    select
        body_part,
        count(*) as ancestor_count
    from ancestor
    group by body_part
),

combination as (
    select distinct body_part from {{ ref('mapping_body_part_combination') }}
),

rule as (
    select
        procedure_rule.modality,
        coalesce(procedure_rule.body_part, '') as body_part,
        coalesce(procedure_rule.contrast, '') as contrast,
        concept.standard_concept_id as procedure_concept_id
    from {{ ref('mapping_imaging_procedure') }} as procedure_rule
    inner join concept_of_code as concept
        on
            procedure_rule.vocabulary_id = concept.vocabulary_id
            and procedure_rule.concept_code = concept.concept_code
    where concept.standard_domain_id = 'Procedure'
),

-- Several body part terms share one code, such as CHEST and THORAX.
same_place as (
    select
        one.body_part,
        other.body_part as rule_body_part,
        1 as distance
    from body_part as one
    inner join body_part as other
        on
            one.vocabulary_id = other.vocabulary_id
            and one.concept_code = other.concept_code
),

place as (
    select * from same_place
    union all
    select
        ancestor.body_part,
        ancestor.ancestor as rule_body_part,
        2 as distance
    from ancestor
    left join combination
        on ancestor.ancestor = combination.body_part
    where combination.body_part is null
),

-- The site, and its sides.
site as (
    select
        body_part.body_part,
        concept_of_code.standard_concept_id as site_concept_id
    from body_part
    inner join concept_of_code
        on
            body_part.vocabulary_id = concept_of_code.vocabulary_id
            and body_part.concept_code = concept_of_code.concept_code
    union all
    select
        body_part.body_part,
        concept_of_code.standard_concept_id as site_concept_id
    from body_part
    inner join {{ ref('mapping_lateralised_site') }} as lateralised
        on body_part.concept_code = lateralised.site_concept_code
    inner join concept_of_code
        on
            body_part.vocabulary_id = concept_of_code.vocabulary_id
            and lateralised.concept_code = concept_of_code.concept_code
),

candidate as (
    select
        rule.modality,
        site.site_concept_id,
        rule.contrast,
        rule.body_part,
        rule.procedure_concept_id,
        row_number() over (
            partition by rule.modality, site.site_concept_id, rule.contrast
            order by
                place.distance,
                coalesce(ancestor_count.ancestor_count, 0) desc,
                {{ micdm.byte_order('rule.body_part') }}
        ) as preference
    from site
    inner join place
        on site.body_part = place.body_part
    inner join rule
        on place.rule_body_part = rule.body_part
    left join ancestor_count
        on rule.body_part = ancestor_count.body_part
    where site.site_concept_id is not null
)

select
    modality,
    site_concept_id,
    contrast,
    body_part,
    procedure_concept_id
from candidate
where preference = 1
union all
select
    modality,
    {{ micdm.null_of('integer') }} as site_concept_id,
    contrast,
    body_part,
    procedure_concept_id
from rule
where body_part = ''
