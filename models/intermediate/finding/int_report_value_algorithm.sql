-- The algorithm that made a value: the nearest one named, an algorithm before the observing device.

with

ranked as (
    select
        value.sop_instance_uid,
        value.path,
        algorithm.alg_system,
        row_number() over (
            partition by value.sop_instance_uid, value.path
            order by
                algorithm.kind_order,
                ancestor.distance,
                {{ micdm.byte_order('algorithm.alg_system') }}
        ) as preference
    from {{ ref('int_report_value') }} as value
    inner join {{ ref('int_report_ancestor') }} as ancestor
        on
            value.sop_instance_uid = ancestor.sop_instance_uid
            and value.path = ancestor.path
    inner join {{ ref('int_report_algorithm') }} as algorithm
        on
            ancestor.sop_instance_uid = algorithm.sop_instance_uid
            and ancestor.ancestor_path = algorithm.parent_path
    where value.use_reason is null
)

select
    sop_instance_uid,
    path,
    alg_system
from ranked
where preference = 1
