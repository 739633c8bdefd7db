-- Person and episode key (tracking UID, or a key of the site) -> episode_id, kept for ever.

{{ micdm.id_registry(
    ref('int_episode'),
    id='episode_id',
    table='episode',
    number_key=['person_id'],
    text_key=['episode_key'],
) }}
