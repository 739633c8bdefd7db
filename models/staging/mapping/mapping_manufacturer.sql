-- Seed manufacturer, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'manufacturer',
    key=['source_value'],
    columns=[
        'source_value',
        'manufacturer',
        'manufacturer_group',
        'source',
    ],
) }}
