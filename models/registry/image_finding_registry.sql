-- Finding at one time point -> image_finding_id, kept for ever.

{{ micdm.id_registry(
    ref('int_image_finding_feature'),
    id='image_finding_id',
    table='image_finding',
    condition='finding_key is not null',
    text_key=['finding_key'],
) }}
