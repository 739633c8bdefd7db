-- Seed modality_synonym, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'modality_synonym',
    key=['synonym'],
    columns=[
        'synonym',
        'modality',
        'source',
    ],
) }}
