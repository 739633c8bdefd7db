-- Seed numeric_qualifier, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'numeric_qualifier',
    key=['scheme', 'code'],
    columns=[
        'scheme',
        'code',
        'source',
    ],
) }}
