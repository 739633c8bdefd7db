-- Modality -> concept ids. The standard concept where one is verified, else the DICOM one; the var
-- modality_concept: dicom prefers DICOM's own.

select
    modality.modality,
    coalesce(concept.concept_id, 0) as dicom_concept_id,
    coalesce(concept.standard_concept_id, 0) as standard_concept_id,
    {% if var('modality_concept') == 'dicom' %}
    coalesce(concept.concept_id, 0) as modality_concept_id
    {% else %}
    coalesce(concept.standard_concept_id, concept.concept_id, 0) as modality_concept_id
    {% endif %}
from {{ ref('mapping_modality') }} as modality
left join {{ ref('int_concept_of_code') }} as concept
    on
        modality.vocabulary_id = concept.vocabulary_id
        and modality.concept_code = concept.concept_code
