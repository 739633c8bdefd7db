-- The standard imaging procedure of a study and modality from where it was done. Only where all its
-- series with a known site agree: a CT of head and chest is neither.

with

series as (
    select
        image_series.study_instance_uid,
        image_series.modality,
        image_series.series_instance_uid,
        case
            when anatomy.anatomic_site_status = 'mapped' then anatomy.anatomic_site_concept_id
        end as site_concept_id,
        lower(contrast.contrast_given) as contrast
    from {{ ref('int_series_without_procedure') }} as image_series
    inner join {{ ref('int_series_anatomy') }} as anatomy
        on image_series.series_instance_uid = anatomy.series_instance_uid
    left join {{ ref('int_contrast_given') }} as contrast
        on image_series.series_instance_uid = contrast.series_instance_uid
),

-- One series with contrast makes it an examination with contrast. Without: only if all say so.
study_contrast as (
    select
        study_instance_uid,
        modality,
        case
            when max(contrast) = 'yes' then 'yes'
            when max(contrast) = 'no' and count(contrast) = count(*) then 'no'
        end as contrast
    from series
    group by study_instance_uid, modality
),

site as (
    select distinct
        study_instance_uid,
        modality,
        site_concept_id
    from series
    where site_concept_id is not null
),

matched as (
    select
        site.study_instance_uid,
        site.modality,
        site.site_concept_id,
        imaging_procedure.procedure_concept_id,
        row_number() over (
            partition by site.study_instance_uid, site.modality, site.site_concept_id
            order by case when imaging_procedure.contrast = '' then 2 else 1 end
        ) as preference
    from site
    inner join study_contrast
        on
            site.study_instance_uid = study_contrast.study_instance_uid
            and site.modality = study_contrast.modality
    left join {{ ref('int_imaging_procedure') }} as imaging_procedure
        on
            site.modality = imaging_procedure.modality
            and site.site_concept_id = imaging_procedure.site_concept_id
            and imaging_procedure.contrast in ('', study_contrast.contrast)
)

select
    study_instance_uid,
    modality,
    max(procedure_concept_id) as procedure_concept_id
from matched
where preference = 1
group by study_instance_uid, modality
having
    count(procedure_concept_id) = count(*)
    and count(distinct procedure_concept_id) = 1
