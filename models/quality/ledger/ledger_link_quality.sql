-- How links were made, by patient: what quality.link_quality adds up.

with

series as (
    select
        series.series_instance_uid,
        coalesce(series.patient_id, '') as patient_id,
        series.modality,
        cast({{ dbt.date_trunc('month', 'series.image_date') }} as date) as image_month,
        series.person_match_method,
        series.visit_match_method,
        series.reason_code
    from {{ ref('int_series') }} as series
    inner join {{ ref('int_series_candidate') }} as candidate
        on series.series_instance_uid = candidate.series_instance_uid
    where candidate.reason_code is null
),

site_procedure as (
    select * from {{ ref('int_series_procedure') }}
),

link as (
    select
        'person' as link,
        patient_id,
        image_month,
        modality,
        coalesce(person_match_method, 'none') as match_method
    from series
    union all
    select
        'visit' as link,
        patient_id,
        image_month,
        modality,
        coalesce(visit_match_method, 'none') as match_method
    from series
    where reason_code is null
    union all
    select
        'procedure' as link,
        series.patient_id,
        series.image_month,
        series.modality,
        coalesce(site_procedure.procedure_match_method, 'created') as match_method
    from series
    left join site_procedure
        on series.series_instance_uid = site_procedure.series_instance_uid
    where series.reason_code is null
)

select
    patient_id,
    link,
    image_month,
    modality,
    match_method,
    count(*) as series_count
from link
group by patient_id, link, image_month, modality, match_method
