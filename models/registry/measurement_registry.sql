-- Acquisition parameter of a series -> measurement_id, kept for ever. The key names the place
-- of the value (attribute, item, position, slot), not the value: a later slice may change the
-- value, not the id.

{{ micdm.id_registry(
    ref('int_acquisition_parameter'),
    id='measurement_id',
    table='measurement',
    **micdm.feature_key(),
) }}
