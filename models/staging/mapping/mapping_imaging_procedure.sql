-- Seed imaging_procedure, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'imaging_procedure',
    key=['modality', 'body_part', 'contrast'],
    columns=[
        'modality',
        'body_part',
        'contrast',
        'vocabulary_id',
        'concept_code',
        'source',
    ],
) }}
