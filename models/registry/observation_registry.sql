-- Feature of the domain observation -> observation_id, kept for ever. The key is that of
-- image_feature_registry.

{{ micdm.id_registry(
    ref('int_feature_key'),
    id='observation_id',
    table='observation',
    condition="domain = 'observation'",
    **micdm.feature_key(),
) }}
