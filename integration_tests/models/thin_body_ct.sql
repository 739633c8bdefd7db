-- CT series of the whole body with slices of 3 mm or less, as body composition needs them. Every
-- concept is looked up by its code: ids may change, codes don't.

with

-- A code's standard concept; its own where there is none, as for DICOM attributes.
code as (
    select
        concept.vocabulary_id,
        concept.concept_code,
        coalesce(maps_to.concept_id_2, concept.concept_id) as concept_id
    from {{ ref('micdm', 'concept') }} as concept
    left join {{ ref('micdm', 'concept_relationship') }} as maps_to
        on
            concept.concept_id = maps_to.concept_id_1
            and maps_to.relationship_id = 'Maps to'
            and maps_to.invalid_reason is null
)

select
    image.person_id,
    image.image_occurrence_id,
    image.image_occurrence_date,
    image.local_path,
    thickness.value_as_number as slice_thickness_mm
from {{ ref('micdm', 'image_occurrence') }} as image
inner join code as modality
    on
        image.modality_concept_id = modality.concept_id
        and modality.vocabulary_id = 'DICOM'
        and modality.concept_code = 'CT'
inner join code as site
    on
        image.anatomic_site_concept_id = site.concept_id
        and site.vocabulary_id = 'SNOMED'
        and site.concept_code = '38266002'
inner join {{ ref('micdm', 'image_feature') }} as feature
    on image.image_occurrence_id = feature.image_occurrence_id
inner join {{ ref('micdm', 'concept') }} as event_table
    on
        feature.image_feature_event_field_concept_id = event_table.concept_id
        and event_table.concept_class_id = 'Table'
        and event_table.concept_name = 'measurement'
inner join {{ ref('micdm', 'measurement') }} as thickness
    on feature.image_feature_event_id = thickness.measurement_id
inner join code as parameter
    on
        thickness.measurement_concept_id = parameter.concept_id
        and parameter.vocabulary_id = 'DICOM'
        and parameter.concept_code = '00180050'
inner join code as unit
    on
        thickness.unit_concept_id = unit.concept_id
        and unit.vocabulary_id = 'UCUM'
        and unit.concept_code = 'mm'
where thickness.value_as_number <= 3
