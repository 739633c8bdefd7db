-- The algorithms and devices that a report names, by the item below which they stand: they made
-- whatever is below it, unless something nearer says otherwise. Algorithm Identification is PS3.16
-- TID 4019, the observing device TID 1004; its software version stands in the header.

with

item as (
    select
        sop_instance_uid,
        parent_path,
        role,
        item_number,
        coalesce(value_text, value_meaning) as value_text
    from {{ ref('int_report_item') }}
    where
        parent_path is not null
        and role in (
            'algorithm_name',
            'algorithm_version',
            'algorithm_manufacturer',
            'algorithm_parameters',
            'device_uid',
            'device_name',
            'device_manufacturer',
            'device_model',
            'device_version'
        )
),

software as (
    select
        header_id,
        min({{ micdm.byte_order('value_text') }}) as software_version
    from {{ ref('stg_dicom_header_element') }}
    where path = 'SoftwareVersions' and position = 0 and reason_code is null
    group by header_id
),

parameters as (
    select
        sop_instance_uid,
        parent_path,
        {{ dbt.listagg('value_text', "'; '", 'order by item_number') }} as parameters
    from item
    where role = 'algorithm_parameters' and value_text is not null
    group by sop_instance_uid, parent_path
),

named as (
    select
        sop_instance_uid,
        parent_path,
        min(case when role = 'algorithm_name' then {{ micdm.byte_order('value_text') }} end)
            as algorithm_name,
        min(case when role = 'algorithm_version' then {{ micdm.byte_order('value_text') }} end)
            as algorithm_version,
        min(case when role = 'algorithm_manufacturer' then {{ micdm.byte_order('value_text') }} end)
            as algorithm_manufacturer,
        min(case when role = 'device_uid' then {{ micdm.byte_order('value_text') }} end)
            as device_uid,
        min(case when role = 'device_name' then {{ micdm.byte_order('value_text') }} end)
            as device_name,
        min(case when role = 'device_manufacturer' then {{ micdm.byte_order('value_text') }} end)
            as device_manufacturer,
        min(case when role = 'device_model' then {{ micdm.byte_order('value_text') }} end)
            as device_model,
        min(case when role = 'device_version' then {{ micdm.byte_order('value_text') }} end)
            as device_version
    from item
    group by sop_instance_uid, parent_path
),

described as (
    select
        named.*,
        parameters.parameters,
        coalesce(named.algorithm_manufacturer, named.device_manufacturer) as vendor,
        coalesce(named.device_model, named.device_name, named.device_uid) as device,
        coalesce(named.device_version, software.software_version) as device_software
    from named
    inner join {{ ref('int_report') }} as report
        on named.sop_instance_uid = report.sop_instance_uid
    left join software
        on report.header_id = software.header_id
    left join parameters
        on
            named.sop_instance_uid = parameters.sop_instance_uid
            and named.parent_path = parameters.parent_path
)

select
    sop_instance_uid,
    parent_path,
    1 as kind_order,
    {{ micdm.alg_system('vendor', 'algorithm_name', 'algorithm_version', 'parameters') }}
        as alg_system
from described
where algorithm_name is not null
union all
select
    sop_instance_uid,
    parent_path,
    2 as kind_order,
    {{ micdm.alg_system(
        'device_manufacturer',
        'device',
        'device_software',
        micdm.null_of(dbt.type_string()),
    ) }} as alg_system
from described
where algorithm_name is null and device is not null
