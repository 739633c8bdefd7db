-- One row per image series: how much it holds, and of which kind.

with

instance as (
    select * from {{ ref('int_image_instance') }}
),

sop_class as (
    select
        series_instance_uid,
        sop_class_uid,
        row_number() over (
            partition by series_instance_uid
            order by count(*) desc, {{ micdm.byte_order('sop_class_uid') }}
        ) as preference
    from instance
    group by series_instance_uid, sop_class_uid
),

accession as (
    select
        series_instance_uid,
        accession_number,
        row_number() over (
            partition by series_instance_uid
            order by count(*) desc, {{ micdm.byte_order('accession_number') }}
        ) as preference
    from instance
    where accession_number is not null
    group by series_instance_uid, accession_number
),

counted as (
    select
        series_instance_uid,
        count(*) as instance_count,
        cast(sum(coalesce(number_of_frames, 1)) as bigint) as frame_count,
        count(distinct header_id) as header_count
    from instance
    group by series_instance_uid
)

select
    counted.series_instance_uid,
    counted.instance_count,
    counted.frame_count,
    counted.header_count,
    sop_class.sop_class_uid,
    accession.accession_number
from counted
inner join sop_class
    on
        counted.series_instance_uid = sop_class.series_instance_uid
        and sop_class.preference = 1
left join accession
    on
        counted.series_instance_uid = accession.series_instance_uid
        and accession.preference = 1
