-- Seed unit_size, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'unit_size',
    key=['unit_code'],
    columns=[
        'unit_code',
        'dimension',
        'factor',
        'source',
    ],
) }}
