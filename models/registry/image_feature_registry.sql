-- Acquisition parameter or feature of a finding -> image_feature_id, kept for ever. The key names
-- the place of the value (attribute, item, position, slot; or finding and concept), not the value:
-- a later slice may change the value, not the id.

{{ micdm.id_registry(
    ref('int_feature_key'),
    id='image_feature_id',
    table='image_feature',
    **micdm.feature_key(),
) }}
