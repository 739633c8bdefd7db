-- One row per acquisition parameter of an image occurrence, with its concepts: what is measured,
-- the value, the unit. Concept ids come from lookups only.

with

parameter as (
    select * from {{ ref('int_series_parameter') }}
),

image_occurrence as (
    select * from {{ ref('image_occurrence_registry') }}
),

series as (
    select * from {{ ref('int_image_series') }}
),

attribute as (
    select * from {{ ref('mapping_dicom_attribute') }}
),

concept_of_code as (
    select * from {{ ref('int_concept_of_code') }}
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
    attribute.tag,
    attribute.keyword,
    attribute.value_type,
    attribute.unit_code,
    coalesce(attribute_concept.concept_id, 0) as attribute_concept_id,
    {% if var('nonstandard_concept') == 'zero' %}
    coalesce(attribute_concept.standard_concept_id, 0) as measurement_concept_id,
    {% else %}
    coalesce(
        attribute_concept.standard_concept_id, attribute_concept.concept_id, 0
    ) as measurement_concept_id,
    {% endif %}
    -- A plain number has no value concept and, without a unit in the standard, no unit concept.
    case
        when attribute.value_type <> 'number' then coalesce(value_concept.value_concept_id, 0)
    end as value_as_concept_id,
    case
        when attribute.unit_code is not null then coalesce(unit_concept.concept_id, 0)
    end as unit_concept_id
from parameter
inner join series
    on parameter.series_instance_uid = series.series_instance_uid
inner join image_occurrence
    on parameter.series_instance_uid = image_occurrence.series_instance_uid
inner join attribute
    on parameter.path = attribute.path
left join concept_of_code as attribute_concept
    on
        attribute.vocabulary_id = attribute_concept.vocabulary_id
        and attribute.concept_code = attribute_concept.concept_code
left join concept_of_code as unit_concept
    on
        attribute.unit_code = unit_concept.concept_code
        and unit_concept.vocabulary_id = 'UCUM'
left join value_concept
    on
        parameter.path = value_concept.path
        and parameter.coding_scheme = value_concept.coding_scheme
        and parameter.value_key = value_concept.value_key
