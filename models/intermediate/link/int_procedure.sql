-- One row per imaging procedure we create: one a study and modality (Table 2 requires a procedure),
-- for the series that the site's CDM has none for.

with

procedure_day as (
    select
        study_instance_uid,
        modality,
        min(person_id) as person_id,
        min(image_date) as procedure_date,
        min(image_datetime) as procedure_datetime,
        max(image_date) as procedure_end_date,
        case
            when count(distinct visit_occurrence_id) = 1 then min(visit_occurrence_id)
        end as visit_occurrence_id
    from {{ ref('int_series_without_procedure') }}
    group by study_instance_uid, modality
)

select
    study_instance_uid,
    modality,
    person_id,
    procedure_date,
    -- The earliest known time may stand on a later day than the first image.
    case
        when cast(procedure_datetime as date) = procedure_date then procedure_datetime
    end as procedure_datetime,
    procedure_end_date,
    visit_occurrence_id
from procedure_day
