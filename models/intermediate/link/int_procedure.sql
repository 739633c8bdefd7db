-- One row per imaging procedure we create: one a study and modality (Table 2 requires a procedure,
-- and there is no site CDM yet to find an existing one in).

with

procedure_day as (
    select
        study_instance_uid,
        modality,
        min(person_id) as person_id,
        min(image_date) as procedure_date,
        min(image_datetime) as procedure_datetime,
        max(image_date) as procedure_end_date
    from {{ ref('int_image_series') }}
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
    procedure_end_date
from procedure_day
