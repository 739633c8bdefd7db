-- Seed coding_scheme, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'coding_scheme',
    key=['coding_scheme'],
    columns=[
        'coding_scheme',
        'vocabulary_id',
        'source',
    ],
) }}
