-- Seed body_part_synonym, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'body_part_synonym',
    key=['synonym'],
    columns=[
        'synonym',
        'body_part',
        'source',
    ],
) }}
