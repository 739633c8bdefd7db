-- Each body part and every region that contains it, up to four steps away (seed body_part_part_of
-- gives the steps).

with

step as (
    select
        body_part,
        part_of
    from {{ ref('mapping_body_part_part_of') }}
),

two as (
    select
        step.body_part,
        up.part_of
    from step
    inner join step as up
        on step.part_of = up.body_part
),

four as (
    select
        two.body_part,
        up.part_of
    from two
    inner join two as up
        on two.part_of = up.body_part
),

three as (
    select
        two.body_part,
        up.part_of
    from two
    inner join step as up
        on two.part_of = up.body_part
)

select
    body_part,
    part_of as ancestor
from step
union
select
    body_part,
    part_of as ancestor
from two
union
select
    body_part,
    part_of as ancestor
from three
union
select
    body_part,
    part_of as ancestor
from four
