-- Seed body_part_code, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'body_part_code',
    key=['vocabulary_id', 'concept_code'],
    columns=[
        'vocabulary_id',
        'concept_code',
        'body_part',
        'source',
    ],
) }}
