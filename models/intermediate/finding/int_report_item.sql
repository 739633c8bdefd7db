-- The content items of usable reports, with their codes brought to the current schemes and the role
-- that seed sr_item_role gives to what they name. Codes decide, not relationships or templates:
-- real reports vary in both.

with

report as (
    select * from {{ ref('int_report') }}
),

entry as (
    select * from {{ ref('int_coded_entry') }}
),

item as (
    select
        report.sop_instance_uid,
        item.path,
        item.parent_path,
        item.item_number,
        item.depth,
        item.relationship_type,
        item.value_type,
        coalesce(item.concept_scheme, '') as concept_scheme,
        item.concept_code as concept_source_code,
        item.concept_meaning,
        coalesce(item.value_scheme, '') as value_scheme,
        item.value_code as value_source_code,
        item.value_meaning,
        item.value_number,
        item.value_number_text,
        coalesce(item.unit_scheme, '') as unit_scheme,
        item.unit_code as unit_source_code,
        coalesce(item.qualifier_scheme, '') as qualifier_scheme,
        item.qualifier_code,
        item.qualifier_meaning,
        item.value_text,
        item.referenced_sop_class_uid,
        item.referenced_sop_instance_uid,
        item.referenced_segment_numbers,
        item.referenced_path,
        item.reason_code
    from {{ ref('stg_dicom_sr_item') }} as item
    inner join report
        on
            item.run_id = report.run_id
            and item.file_id = report.file_id
)

select
    item.*,
    {{ micdm.code_vocabulary('concept', 'item.concept_scheme') }} as concept_vocabulary_id,
    {{ micdm.code_of('concept', 'item.concept_source_code') }} as concept_code,
    concept.concept_id,
    concept.domain_id,
    concept.standard_concept_id,
    concept.standard_domain_id,
    {{ micdm.code_vocabulary('value', 'item.value_scheme') }} as value_vocabulary_id,
    {{ micdm.code_of('value', 'item.value_source_code') }} as value_code,
    value.concept_id as value_own_concept_id,
    value.standard_concept_id as value_standard_concept_id,
    value.standard_domain_id as value_standard_domain_id,
    role.role
from item
left join entry as concept
    on
        item.concept_scheme = concept.coding_scheme
        and item.concept_source_code = concept.code_value
left join entry as value
    on
        item.value_scheme = value.coding_scheme
        and item.value_source_code = value.code_value
left join {{ ref('int_report_role') }} as role
    on
        {{ micdm.code_vocabulary('concept', 'item.concept_scheme') }} = role.vocabulary_id
        and {{ micdm.code_of('concept', 'item.concept_source_code') }} = role.concept_code
