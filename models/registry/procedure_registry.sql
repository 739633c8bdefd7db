-- Study and modality -> procedure_occurrence_id, kept for ever.

{{ micdm.id_registry(
    ref('int_procedure'),
    id='procedure_occurrence_id',
    table='procedure_occurrence',
    text_key=['study_instance_uid', 'modality'],
) }}
