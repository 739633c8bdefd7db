-- Results of algorithms, and which of several loads counts. A result is one and the same when
-- series, image, algorithm, finding, feature and site are: the last load that has it says what it
-- is. Rows of that load that differ in their value only are values of one feature, in the order of
-- the file; a row that stands twice counts once.

{% set key = [
    'series_instance_uid',
    'sop_instance_uid',
    'finding_key',
    'lesion_key',
    'tracking_uid',
    'feature_scheme',
    'feature_code',
    'site_scheme',
    'site_code',
    'laterality',
    'algorithm_vendor',
    'algorithm_name',
    'algorithm_version',
    'algorithm_parameters',
] %}
{% set value = [
    'study_instance_uid',
    'finding_scheme',
    'finding_code',
    'operator',
    'value_number',
    'unit',
    'value_scheme',
    'value_code',
    'value_text',
    'result_datetime',
    'result_offset',
] %}

with

-- Of the patients that the last build read, and of no patient (docs/nightly.md).
series_patient as (
    select
        result.series_instance_uid,
        max({{ micdm.byte_order('instance.patient_id') }}) as patient_id
    from (
        select distinct series_instance_uid from {{ source('raw_dicom', 'algorithm_result') }}
    ) as result
    inner join {{ source('raw_dicom', 'dicom_instance') }} as instance
        on result.series_instance_uid = instance.series_instance_uid
    group by result.series_instance_uid
),

affected as (
    select
        result.*,
        patient.patient_id
    from {{ source('raw_dicom', 'algorithm_result') }} as result
    left join series_patient
        on result.series_instance_uid = series_patient.series_instance_uid
    inner join {{ ref('affected_patient') }} as patient
        on coalesce(series_patient.patient_id, '') = patient.patient_id
),

ranked as (
    select
        *,
        dense_rank() over (
            partition by {{ key | join(', ') }}
            order by {{ micdm.byte_order('run_id') }} desc, file_number desc
        ) as load_rank,
        row_number() over (
            partition by run_id, file_number, {{ (key + value) | join(', ') }}
            order by result_row
        ) as copy_rank
    from affected
),

judged as (
    select
        *,
        case
            when load_rank > 1 then 'superseded_result'
            when copy_rank > 1 then 'duplicate_result'
        end as reason_code
    from ranked
)

select
    run_id,
    file_number,
    result_row,
    {{ (key + value) | join(',\n    ') }},
    value_number_text,
    patient_id,
    reason_code,
    case
        when reason_code is null
            then row_number() over (
                partition by {{ key | join(', ') }}, reason_code
                order by result_row
            )
    end as ordinal
from judged
