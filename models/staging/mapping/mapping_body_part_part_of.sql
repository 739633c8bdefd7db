-- Seed body_part_part_of, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'body_part_part_of',
    key=['body_part', 'part_of'],
    columns=[
        'body_part',
        'part_of',
        'source',
    ],
) }}
