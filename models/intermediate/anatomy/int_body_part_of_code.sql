-- The body part term of each code: the code of the term itself, or another one of the same place
-- (seed body_part_code). Of several terms with one code (CHEST and THORAX, HEART and ENDOCARDIAC)
-- one that is known to lie in others or to hold them, the first in byte order.

with

body_part as (
    select * from {{ ref('mapping_body_part') }}
),

placed as (
    select body_part from {{ ref('int_body_part_ancestor') }}
    union
    select ancestor as body_part from {{ ref('int_body_part_ancestor') }}
),

own_code as (
    select
        body_part.vocabulary_id,
        body_part.concept_code,
        body_part.body_part,
        2 as source_order
    from body_part
    where body_part.concept_code is not null
),

other_code as (
    select
        vocabulary_id,
        concept_code,
        body_part,
        1 as source_order
    from {{ ref('mapping_body_part_code') }}
    where body_part is not null
),

every_code as (
    select * from own_code
    union all
    select * from other_code
),

ranked as (
    select
        every_code.*,
        row_number() over (
            partition by every_code.vocabulary_id, every_code.concept_code
            order by
                every_code.source_order,
                case when placed.body_part is not null then 1 else 2 end,
                {{ micdm.byte_order('every_code.body_part') }}
        ) as preference
    from every_code
    left join placed
        on every_code.body_part = placed.body_part
)

select
    ranked.vocabulary_id,
    ranked.concept_code,
    ranked.body_part,
    body_part.kind,
    body_part.concept_code as site_concept_code
from ranked
inner join body_part
    on ranked.body_part = body_part.body_part
where ranked.preference = 1
