-- Pairs of an anatomic site and a site around it (itself too), by concept: what our body parts say,
-- and what the vocabulary says of those, of the places of the site's procedures and of the series.

with

concept_of_code as (
    select * from {{ ref('int_concept_of_code') }}
    where standard_concept_id is not null
),

body_part as (
    select
        mapping.body_part,
        mapping.concept_code,
        concept_of_code.standard_concept_id as site_concept_id
    from {{ ref('mapping_body_part') }} as mapping
    inner join concept_of_code
        on
            mapping.vocabulary_id = concept_of_code.vocabulary_id
            and mapping.concept_code = concept_of_code.concept_code
    where mapping.kind = 'anatomy'
),

-- A part and the regions that contain it.
region as (
    select
        body_part,
        body_part as around
    from body_part
    union
    select
        body_part,
        ancestor as around
    from {{ ref('int_body_part_ancestor') }}
),

-- A region joined from several (chest and abdomen) contains each of them.
joined as (
    select
        body_part.body_part,
        combination.body_part as around
    from body_part
    inner join {{ ref('mapping_body_part_combination') }} as combination
        on '+' || combination.parts || '+' like '%+' || body_part.body_part || '+%'
),

around as (
    select * from region
    union
    select
        region.body_part,
        joined.around
    from region
    inner join joined
        on region.around = joined.body_part
),

-- A site, and its sides.
site as (
    select
        body_part,
        site_concept_id
    from body_part
    union
    select
        body_part.body_part,
        concept_of_code.standard_concept_id as site_concept_id
    from body_part
    inner join {{ ref('mapping_lateralised_site') }} as lateralised
        on body_part.concept_code = lateralised.site_concept_code
    inner join concept_of_code
        on
            lateralised.concept_code = concept_of_code.concept_code
            and concept_of_code.vocabulary_id = 'SNOMED'
),

place as (
    select site_concept_id from site
    union
    select site_concept_id from {{ ref('int_site_procedure_concept') }}
    where site_concept_id is not null
    union
    -- A coded region that is none of our body parts.
    select anatomic_site_concept_id as site_concept_id from {{ ref('int_series_anatomy') }}
    where anatomic_site_status = 'mapped'
)

select
    site.site_concept_id,
    body_part.site_concept_id as around_concept_id
from site
inner join around
    on site.body_part = around.body_part
inner join body_part
    on around.around = body_part.body_part
union
select
    site_concept_id,
    site_concept_id as around_concept_id
from place
union
select
    concept_ancestor.descendant_concept_id as site_concept_id,
    concept_ancestor.ancestor_concept_id as around_concept_id
from {{ ref('concept_ancestor') }} as concept_ancestor
inner join place
    on concept_ancestor.descendant_concept_id = place.site_concept_id
inner join place as wider
    on concept_ancestor.ancestor_concept_id = wider.site_concept_id
