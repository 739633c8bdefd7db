-- One row per acquisition parameter of an image occurrence, stated or derived, with its concepts:
-- what is measured, the value, the unit. Concept ids come from lookups only.

with

parameter as (
    select * from {{ ref('int_series_parameter') }}
    where reason_code is null
    union all
    select * from {{ ref('int_derived_parameter') }}
    where reason_code is null
),

image_occurrence as (
    select * from {{ ref('image_occurrence_registry') }}
),

series as (
    select * from {{ ref('int_image_series') }}
),

concept_of_code as (
    select * from {{ ref('int_concept_of_code') }}
),

unit_concept as (
    select * from concept_of_code
    where vocabulary_id = 'UCUM'
),

definition as (
    select
        int_parameter.*,
        concept.concept_id,
        concept.standard_concept_id
    from {{ ref('int_parameter') }} as int_parameter
    left join concept_of_code as concept
        on
            int_parameter.vocabulary_id = concept.vocabulary_id
            and int_parameter.concept_code = concept.concept_code
),

value_concept as (
    select * from {{ ref('int_value_concept') }}
)

select
    image_occurrence.image_occurrence_id,
    series.series_instance_uid,
    series.person_id,
    parameter.path,
    parameter.item,
    parameter.position,
    parameter.value_slot,
    parameter.variation,
    parameter.coding_scheme,
    parameter.value_key,
    parameter.value_text,
    parameter.value_number,
    parameter.code_meaning,
    parameter.distinct_value_count,
    parameter.instance_count,
    definition.origin,
    definition.derived_from,
    definition.tag,
    definition.keyword,
    definition.value_type,
    parameter.unit_code,
    parameter.source_unit_code,
    coalesce(definition.concept_id, 0) as attribute_concept_id,
    -- What is measured: of several attributes for one quantity, the one that stands for it.
    {% if var('nonstandard_concept') == 'zero' %}
    coalesce(measured.standard_concept_id, 0) as measurement_concept_id,
    {% else %}
    coalesce(measured.standard_concept_id, measured.concept_id, 0) as measurement_concept_id,
    {% endif %}
    -- A plain number has no value concept and, without a unit in the standard, no unit concept.
    -- Free text has one only where it is a defined term.
    case
        when definition.value_type in ('code', 'code_sequence')
            then coalesce(value_concept.value_concept_id, 0)
        when definition.value_type = 'text' then value_concept.value_concept_id
    end as value_as_concept_id,
    case
        when parameter.unit_code is not null then coalesce(unit_concept.concept_id, 0)
    end as unit_concept_id,
    case
        when parameter.source_unit_code is not null then coalesce(source_unit.concept_id, 0)
    end as source_unit_concept_id
from parameter
inner join series
    on parameter.series_instance_uid = series.series_instance_uid
inner join image_occurrence
    on parameter.series_instance_uid = image_occurrence.series_instance_uid
inner join definition
    on parameter.path = definition.path
left join definition as measured
    on parameter.concept_path = measured.path
left join unit_concept
    on parameter.unit_code = unit_concept.concept_code
left join unit_concept as source_unit
    on parameter.source_unit_code = source_unit.concept_code
left join value_concept
    on
        parameter.path = value_concept.path
        and parameter.coding_scheme = value_concept.coding_scheme
        and parameter.value_key = value_concept.value_key
