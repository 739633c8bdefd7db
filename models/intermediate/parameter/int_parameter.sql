-- What can become a feature: the attributes of the list, and what is derived from them.

select
    path,
    'attribute' as origin,
    tag,
    keyword,
    value_type,
    unit_code,
    vocabulary_id,
    concept_code,
    {{ micdm.null_of(dbt.type_string()) }} as derived_from
from {{ ref('mapping_dicom_attribute') }}
where role = 'feature'
union all
select
    path,
    'derived' as origin,
    -- No tag; its code says in the source columns of the CDM what it is.
    concept_code as tag,
    {{ micdm.null_of(dbt.type_string()) }} as keyword,
    value_type,
    unit_code,
    vocabulary_id,
    concept_code,
    from_paths as derived_from
from {{ ref('mapping_derived_parameter') }}
