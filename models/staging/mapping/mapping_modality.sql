-- Seed modality, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'modality',
    key=['modality'],
    columns=[
        'modality',
        'meaning',
        'acquisition',
        'is_image',
        'vocabulary_id',
        'concept_code',
        'standard_concept_code',
        'source',
    ],
) }}
