-- One row per image series and radiopharmaceutical: the time from the injection to the first
-- acquisition (PS3.3 C.8.9.2). Start DateTime counts before Start Time, which has no date: it is
-- taken to be on the day of the acquisition. The most frequent value.

{% set sequence = 'RadiopharmaceuticalInformationSequence.' %}

with

timing as (
    select * from {{ ref('int_series_timing') }}
),

injection as (
    select
        series_instance_uid,
        item,
        path = '{{ sequence }}RadiopharmaceuticalStartDateTime' as has_date,
        -- Checked when it was read: YYYY-MM-DD HH:MM:SS[.ffffff][+HHMM], or HH:MM:SS[.ffffff].
        case
            when substr(value_key, length(value_key) - 4, 1) in ('+', '-')
                then substr(value_key, 1, length(value_key) - 5)
            else value_key
        end as local_text,
        case
            when substr(value_key, length(value_key) - 4, 1) in ('+', '-')
                then substr(value_key, length(value_key) - 4, 5)
        end as injection_offset,
        row_number() over (
            partition by series_instance_uid, item
            order by length(path) desc, value_count desc, {{ micdm.byte_order('value_key') }}
        ) as preference
    from {{ ref('int_series_value') }}
    where
        (
            path = '{{ sequence }}RadiopharmaceuticalStartDateTime'
            -- A date alone is no time.
            and value_key like '____-__-__ %'
        )
        or path = '{{ sequence }}RadiopharmaceuticalStartTime'
),

dated as (
    select
        injection.series_instance_uid,
        injection.item,
        injection.has_date,
        injection.injection_offset,
        timing.first_acquisition_datetime,
        timing.timezone_offset_from_utc,
        timing.instance_count,
        case
            when injection.has_date then cast(injection.local_text as timestamp)
            else {{ micdm.date_and_time(
                'cast(timing.first_acquisition_datetime as date)', 'injection.local_text'
            ) }}
        end as injection_datetime
    from injection
    inner join timing
        on injection.series_instance_uid = timing.series_instance_uid
    where injection.preference = 1
),

measured as (
    select
        series_instance_uid,
        item,
        instance_count,
        {{ micdm.seconds_between('injection_datetime', 'first_acquisition_datetime') }}
        + case
            when injection_offset is not null and timezone_offset_from_utc is not null
                then 60 * (
                    {{ micdm.offset_minutes('injection_offset') }}
                    - {{ micdm.offset_minutes('timezone_offset_from_utc') }}
                )
            else 0
        end as uptake_seconds
    from dated
)

select
    series_instance_uid,
    item,
    instance_count,
    {{ micdm.significant('(uptake_seconds / 60)', digits=6) }} as uptake_minutes,
    case
        when uptake_seconds < 0 or uptake_seconds > 30 * 86400 then 'implausible_duration'
    end as reason_code
from measured
