-- Feature of the domain condition_occurrence -> condition_occurrence_id, kept for ever. The key is
-- that of image_feature_registry.

{{ micdm.id_registry(
    ref('int_feature_key'),
    id='condition_occurrence_id',
    table='condition_occurrence',
    condition="domain = 'condition_occurrence'",
    **micdm.feature_key(),
) }}
