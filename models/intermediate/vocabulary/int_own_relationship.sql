-- The relationships that micdm brings, between the concepts in use. What the site's vocabulary says
-- of a concept counts alone: ours of the same kind are left out.

with

own_concept as (
    select * from {{ ref('int_own_concept') }}
),

own as (
    select
        own_from.concept_id as concept_id_1,
        own_to.concept_id as concept_id_2,
        seed.relationship_id,
        seed.valid_start_date,
        seed.valid_end_date,
        seed.invalid_reason
    from {{ ref('seed_concept_relationship') }} as seed
    inner join own_concept as own_from
        on seed.concept_id_1 = own_from.own_concept_id
    inner join own_concept as own_to
        on seed.concept_id_2 = own_to.own_concept_id
)

select own.*
from own
where not exists (
    select 1
    from {{ ref('stg_concept_relationship') }} as site
    where
        site.concept_id_1 = own.concept_id_1
        and site.relationship_id = own.relationship_id
)
