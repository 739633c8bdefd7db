-- How links were made: to a person, a visit, a procedure, by month of the image and modality. One
-- row per link, month, modality and method; `none` is a series without the link. All series whose
-- headers are good enough seek a person; those with one seek the others.

with

counted as (
    select
        link,
        image_month,
        modality,
        match_method,
        cast(sum(series_count) as bigint) as series_count
    from {{ ref('ledger_link_quality') }}
    group by link, image_month, modality, match_method
)

select
    link,
    image_month,
    modality,
    match_method,
    series_count,
    cast(series_count as double precision)
    / cast(
        sum(series_count) over (partition by link, image_month, modality) as double precision
    ) as series_share
from counted
