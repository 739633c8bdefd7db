{% test ranges_do_not_overlap(model, key, range_from, range_to) %}
-- In order, each range begins where the one before has ended, or later.
with ordered as (
    select
        {{ key }} as range_key,
        {{ range_from }} as range_from,
        {{ range_to }} as range_to,
        row_number() over (
            partition by {{ key }}
            order by case when {{ range_from }} is null then 0 else 1 end, {{ range_from }}
        ) as range_order
    from {{ model }}
)

select
    one.range_key,
    one.range_from,
    one.range_to
from ordered as one
left join ordered as following
    on
        one.range_key = following.range_key
        and one.range_order + 1 = following.range_order
where
    one.range_from >= one.range_to
    or (
        following.range_order is not null
        and (
            one.range_to is null
            or following.range_from is null
            or one.range_to > following.range_from
        )
    )
{% endtest %}
