-- Seed episode_member, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'episode_member',
    key=['person_id', 'episode_key', 'event_table', 'event_id', 'lesion_key', 'scheme', 'code'],
    columns=[
        'person_id',
        'episode_key',
        'event_table',
        'event_id',
        'lesion_key',
        'scheme',
        'code',
    ],
) }}
