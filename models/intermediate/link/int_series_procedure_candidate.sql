-- The procedures of the site's CDM that an image series belongs to: those of its person that the
-- accession number stands for (accession_mapping), else those of the same day, of its modality and
-- of a compatible place. Compatible: the same, one around the other, or not known on either side.
-- Of the procedures of an accession number those of the modality count, else those of which it is
-- not known, else all: a code for PET and CT may say PET only.

with

series as (
    select
        image_series.series_instance_uid,
        image_series.person_id,
        image_series.image_date,
        image_series.modality,
        counted.accession_number,
        case
            when anatomy.anatomic_site_status = 'mapped' then anatomy.anatomic_site_concept_id
        end as site_concept_id
    from {{ ref('int_image_series') }} as image_series
    inner join {{ ref('int_series_anatomy') }} as anatomy
        on image_series.series_instance_uid = anatomy.series_instance_uid
    inner join {{ ref('int_series_content') }} as counted
        on image_series.series_instance_uid = counted.series_instance_uid
),

site_procedure as (
    select * from {{ ref('int_site_procedure') }}
),

around as (
    select * from {{ ref('int_site_around') }}
),

-- The more regions a place lies in, the narrower it is; of several around the series' own the
-- narrowest counts.
place as (
    select
        site_concept_id,
        count(*) as around_count
    from around
    group by site_concept_id
),

by_accession as (
    select
        series.series_instance_uid,
        series.modality as series_modality,
        series.site_concept_id as series_site_concept_id,
        site_procedure.procedure_occurrence_id,
        site_procedure.procedure_concept_id,
        site_procedure.modality,
        site_procedure.site_concept_id,
        'accession_mapping' as procedure_match_method
    from series
    inner join {{ ref('stg_accession_mapping') }} as accession
        on series.accession_number = accession.accession_number
    inner join site_procedure
        on
            accession.procedure_occurrence_id = site_procedure.procedure_occurrence_id
            and series.person_id = site_procedure.person_id
),

by_day as (
    select
        series.series_instance_uid,
        series.modality as series_modality,
        series.site_concept_id as series_site_concept_id,
        site_procedure.procedure_occurrence_id,
        site_procedure.procedure_concept_id,
        site_procedure.modality,
        site_procedure.site_concept_id,
        'same_day' as procedure_match_method
    from series
    inner join site_procedure
        on
            series.person_id = site_procedure.person_id
            and series.image_date = site_procedure.procedure_date
            and series.modality = site_procedure.modality
    where
        not exists (
            select 1
            from by_accession
            where by_accession.series_instance_uid = series.series_instance_uid
        )
),

pair as (
    select * from by_accession
    union all
    select * from by_day
),

graded as (
    select
        pair.series_instance_uid,
        pair.procedure_occurrence_id,
        pair.procedure_concept_id,
        pair.procedure_match_method,
        case
            when pair.modality = pair.series_modality then 1
            when pair.modality is null then 2
            else 3
        end as modality_order,
        case
            when pair.site_concept_id = pair.series_site_concept_id then 1
            when wider.site_concept_id is not null then 2
            when narrower.site_concept_id is not null then 3
            when coalesce(pair.site_concept_id, 0) = 0 or pair.series_site_concept_id is null
                then 4
            else 5
        end as site_order,
        case
            when wider.site_concept_id is not null then place.around_count
            else 0
        end as around_count
    from pair
    left join around as wider
        on
            pair.series_site_concept_id = wider.site_concept_id
            and pair.site_concept_id = wider.around_concept_id
    left join around as narrower
        on
            pair.site_concept_id = narrower.site_concept_id
            and pair.series_site_concept_id = narrower.around_concept_id
    left join place
        on pair.site_concept_id = place.site_concept_id
),

-- A procedure may be of several places and modalities: the one that fits best counts.
best as (
    select
        *,
        row_number() over (
            partition by series_instance_uid, procedure_occurrence_id
            order by modality_order asc, site_order asc, around_count desc
        ) as preference,
        min(modality_order) over (partition by series_instance_uid) as first_modality_order
    from graded
    where procedure_match_method = 'accession_mapping' or site_order < 5
)

select
    series_instance_uid,
    procedure_occurrence_id,
    procedure_concept_id,
    procedure_match_method,
    row_number() over (
        partition by series_instance_uid
        order by site_order asc, around_count desc, procedure_occurrence_id asc
    ) as preference
from best
where preference = 1 and modality_order = first_modality_order
