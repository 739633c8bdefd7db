-- Seed laterality_synonym, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'laterality_synonym',
    key=['synonym'],
    columns=[
        'synonym',
        'laterality',
        'source',
    ],
) }}
