-- Seed sr_item_role, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'sr_item_role',
    key=['scheme', 'code'],
    columns=[
        'scheme',
        'code',
        'role',
        'source',
    ],
) }}
