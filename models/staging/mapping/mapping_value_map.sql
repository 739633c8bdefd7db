-- Seed value_map, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'value_map',
    key=['path', 'value_key'],
    columns=[
        'path',
        'value_key',
        'meaning',
        'vocabulary_id',
        'concept_code',
        'source',
    ],
) }}
