-- Seed lesion_size, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'lesion_size',
    key=['scheme', 'code'],
    columns=[
        'scheme',
        'code',
        'meaning',
        'source',
    ],
) }}
