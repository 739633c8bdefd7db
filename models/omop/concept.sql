-- The concepts that our mappings reach: those of the vocabulary seeds, and one for each attribute
-- on the attribute list, so that a new attribute is one row there.

with

vocabulary_concept as (
    select
        concept_id,
        concept_name,
        domain_id,
        vocabulary_id,
        concept_class_id,
        standard_concept,
        concept_code,
        valid_start_date,
        valid_end_date,
        invalid_reason
    from {{ ref('seed_concept') }}
),

-- Nested and top-level places of one attribute share its concept.
attribute_concept as (
    select
        concept_id,
        min({{ micdm.byte_order('name') }}) as concept_name,
        'Measurement' as domain_id,
        vocabulary_id,
        'DICOM Attributes' as concept_class_id,
        {{ micdm.null_of(dbt.type_string()) }} as standard_concept,
        concept_code,
        cast('1993-01-01' as date) as valid_start_date,
        cast('2099-12-31' as date) as valid_end_date,
        {{ micdm.null_of(dbt.type_string()) }} as invalid_reason
    from {{ ref('mapping_dicom_attribute') }}
    where concept_id is not null
    group by concept_id, vocabulary_id, concept_code
)

select * from vocabulary_concept
union all
select * from attribute_concept
order by concept_id
