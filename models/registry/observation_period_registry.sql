-- Person -> observation_period_id, kept for ever. Used beside a site's CDM only, whose periods have
-- ids of their own; without one a person's period has the person's id.

{{ micdm.id_registry(
    ref('int_observation_period'),
    id='observation_period_id',
    table='observation_period',
    number_key=['person_id'],
) }}
