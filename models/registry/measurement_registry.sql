-- Feature of the domain measurement -> measurement_id, kept for ever. The key is that of
-- image_feature_registry.

{{ micdm.id_registry(
    ref('int_feature_key'),
    id='measurement_id',
    table='measurement',
    condition="domain = 'measurement'",
    **micdm.feature_key(),
) }}
