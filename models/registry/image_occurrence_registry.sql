-- Series Instance UID -> image_occurrence_id, kept for ever.

{{ micdm.id_registry(
    ref('int_image_series'),
    id='image_occurrence_id',
    table='image_occurrence',
    text_key=['series_instance_uid'],
) }}
