-- One row per series with a visit of the site's CDM: a visit of that person whose time covers the
-- image's, or whose days do where the image has no time; else one that the accession number stands
-- for (accession_mapping). Several: the shortest, then the lowest id. No visit is ever made up.
--
-- Midnight is no time: the CDM writes it where the time is not known. A visit that starts then
-- starts with the day; one that ends then ends with the day.

with

series as (
    select
        candidate.series_instance_uid,
        candidate.image_date,
        candidate.image_datetime,
        person.person_id,
        counted.accession_number
    from {{ ref('int_series_candidate') }} as candidate
    inner join {{ ref('int_series_person') }} as person
        on candidate.series_instance_uid = person.series_instance_uid
    inner join {{ ref('int_series_content') }} as counted
        on candidate.series_instance_uid = counted.series_instance_uid
    where person.person_id is not null
),

dated_visit as (
    select
        visit_occurrence_id,
        person_id,
        visit_start_date,
        coalesce(visit_end_date, visit_start_date) as visit_end_date,
        coalesce(visit_start_datetime, cast(visit_start_date as timestamp)) as start_datetime,
        case
            when visit_end_datetime <> cast(cast(visit_end_datetime as date) as timestamp)
                then visit_end_datetime
        end as end_datetime
    from {{ ref('stg_cdm_visit_occurrence') }}
),

visit as (
    select
        visit_occurrence_id,
        person_id,
        visit_start_date,
        visit_end_date,
        start_datetime,
        end_datetime,
        {{ micdm.seconds_between(
            'start_datetime',
            'coalesce(end_datetime, cast(visit_end_date as timestamp) + interval \'1\' day)'
        ) }} as duration
    from dated_visit
),

covering as (
    select
        series.series_instance_uid,
        visit.visit_occurrence_id,
        visit.duration,
        case
            when series.image_datetime is null then 'date_in_visit' else 'time_in_visit'
        end as visit_match_method,
        1 as method_order
    from series
    inner join visit
        on
            series.person_id = visit.person_id
            and series.image_date between visit.visit_start_date and visit.visit_end_date
    where
        series.image_datetime is null
        or (
            series.image_datetime >= visit.start_datetime
            and (visit.end_datetime is null or series.image_datetime <= visit.end_datetime)
        )
),

by_accession as (
    select
        series.series_instance_uid,
        visit.visit_occurrence_id,
        visit.duration,
        'accession_mapping' as visit_match_method,
        2 as method_order
    from series
    inner join {{ ref('stg_accession_mapping') }} as accession
        on series.accession_number = accession.accession_number
    inner join visit
        on
            accession.visit_occurrence_id = visit.visit_occurrence_id
            and series.person_id = visit.person_id
),

candidate as (
    select * from covering
    union all
    select * from by_accession
),

ranked as (
    select
        *,
        row_number() over (
            partition by series_instance_uid
            order by method_order, duration, visit_occurrence_id
        ) as preference
    from candidate
)

select
    series_instance_uid,
    visit_occurrence_id,
    visit_match_method
from ranked
where preference = 1
