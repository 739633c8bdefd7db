-- Seed sr_text, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'sr_text',
    key=['scheme', 'code'],
    columns=[
        'scheme',
        'code',
        'source',
    ],
) }}
