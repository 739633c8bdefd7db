-- Seed unit_alias, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'unit_alias',
    key=['scheme', 'unit'],
    columns=[
        'scheme',
        'unit',
        'unit_code',
        'source',
    ],
) }}
