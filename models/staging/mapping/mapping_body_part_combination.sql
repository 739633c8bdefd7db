-- Seed body_part_combination, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'body_part_combination',
    key=['parts'],
    columns=[
        'parts',
        'body_part',
        'source',
    ],
) }}
