-- One row per image series whose header says whether a contrast agent was given: an agent, an
-- ingredient or a route by name, an amount above 0, or a plain YES or NO. One instance that says so
-- is enough. An amount of 0 says nothing: it is written for "not filled in" too.

with

evidence as (
    select
        stated.series_instance_uid,
        stated.instance_count,
        case
            when stated.contrast_amount > 0 or word.answer = 'yes' then 'YES'
            when word.answer = 'no' then 'NO'
        end as contrast_given
    from {{ ref('int_contrast_stated') }} as stated
    left join {{ ref('int_contrast_word') }} as word
        on stated.contrast_text = word.contrast_text
)

select
    series_instance_uid,
    max(contrast_given) as contrast_given,
    count(distinct contrast_given) as answer_count,
    max(instance_count) as instance_count
from evidence
where contrast_given is not null
group by series_instance_uid
