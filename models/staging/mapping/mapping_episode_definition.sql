-- Seed episode_definition, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'episode_definition',
    key=['person_id', 'episode_key'],
    columns=[
        'person_id',
        'episode_key',
        'vocabulary_id',
        'concept_code',
        'start_date',
        'end_date',
    ],
) }}
