-- Seed body_part_open, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'body_part_open',
    key=['body_part'],
    columns=[
        'body_part',
        'any_text',
        'source',
    ],
) }}
