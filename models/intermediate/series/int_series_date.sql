-- One row per image series: its date, and the time where one is known. The earliest value of the
-- first source that has one, in the order of the hook series_date_order(). No date is made up:
-- none valid -> reason no_date. No time is made up either: no midnight.

{% set order = micdm.series_date_order() %}

with

instance as (
    select * from {{ ref('int_image_instance') }}
),

earliest as (
    select
        series_instance_uid,
        {% for source in order %}
        min({{ source }}_date) as {{ source }}_date,
        min({{ source }}_datetime) as {{ source }}_datetime,
        {% endfor %}
        min(timezone_offset_from_utc) as timezone_offset_from_utc,
        count(distinct timezone_offset_from_utc) as timezone_count
    from instance
    group by series_instance_uid
),

chosen as (
    select
        series_instance_uid,
        case
            {% for source in order %}
            when {{ source }}_date is not null then {{ source }}_date
            {% endfor %}
        end as image_date,
        case
            {% for source in order %}
            when {{ source }}_date is not null then {{ source }}_datetime
            {% endfor %}
        end as image_datetime,
        case
            {% for source in order %}
            when {{ source }}_date is not null then '{{ source }}_date'
            {% endfor %}
        end as image_date_source,
        case when timezone_count = 1 then timezone_offset_from_utc end as timezone_offset_from_utc
    from earliest
)

select
    series_instance_uid,
    image_date,
    -- The earliest time may stand on a later day, when the first day's instances have none.
    case when cast(image_datetime as date) = image_date then image_datetime end as image_datetime,
    image_date_source,
    timezone_offset_from_utc,
    case when image_date is null then 'no_date' end as reason_code
from chosen
