-- The phenotype of the paper: a chest CT of 1 mm slices at 150 kVp, and lung cancer found later.

with

concept_set as (
    select
        concept_set,
        concept_id
    from {{ ref('phenotype_concept_set') }}
    where phenotype = 'lung_cancer_thin_chest_ct'
),

parameter as (
    select
        feature.image_occurrence_id,
        concept_set.concept_set,
        measurement.value_as_number
    from {{ ref('image_feature') }} as feature
    inner join {{ ref('measurement') }} as measurement
        on
            feature.image_feature_event_id = measurement.measurement_id
            and feature.image_feature_event_field_concept_id
            = {{ micdm.cdm_concept('table_measurement') }}
    -- The DICOM attribute, whatever standard concept it maps to.
    inner join concept_set
        on measurement.measurement_source_concept_id = concept_set.concept_id
    where concept_set.concept_set in ('slice_thickness', 'kvp')
),

-- Both in one and the same series.
thin as (
    select distinct image_occurrence_id
    from parameter
    where concept_set = 'slice_thickness' and value_as_number = 1
),

voltage as (
    select distinct image_occurrence_id
    from parameter
    where concept_set = 'kvp' and value_as_number = 150
),

chest_ct as (
    select
        occurrence.person_id,
        occurrence.image_occurrence_id,
        occurrence.image_occurrence_date
    from {{ ref('image_occurrence') }} as occurrence
    inner join {{ ref('int_modality_concept') }} as modality
        on
            occurrence.modality_concept_id = modality.modality_concept_id
            and modality.modality = 'CT'
    inner join concept_set
        on
            occurrence.anatomic_site_concept_id = concept_set.concept_id
            and concept_set.concept_set = 'chest'
    inner join thin
        on occurrence.image_occurrence_id = thin.image_occurrence_id
    inner join voltage
        on occurrence.image_occurrence_id = voltage.image_occurrence_id
),

cancer as (
    select
        condition_occurrence.person_id,
        condition_occurrence.condition_occurrence_id,
        condition_occurrence.condition_start_date,
        row_number() over (
            partition by condition_occurrence.person_id
            order by
                condition_occurrence.condition_start_date,
                condition_occurrence.condition_occurrence_id
        ) as ordinal
    from {{ ref('condition_occurrence') }} as condition_occurrence
    inner join concept_set
        on
            condition_occurrence.condition_concept_id = concept_set.concept_id
            and concept_set.concept_set = 'lung_cancer'
),

final as (
    select
        chest_ct.person_id,
        chest_ct.image_occurrence_id,
        chest_ct.image_occurrence_date,
        cancer.condition_occurrence_id,
        cancer.condition_start_date
    from chest_ct
    -- The first diagnosis counts: who had cancer before was not diagnosed later.
    inner join cancer
        on
            chest_ct.person_id = cancer.person_id
            and cancer.ordinal = 1
            and chest_ct.image_occurrence_date < cancer.condition_start_date
)

select * from final
order by person_id, image_occurrence_id
