-- Seed body_part, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'body_part',
    key=['body_part'],
    columns=[
        'body_part',
        'meaning',
        'kind',
        'vocabulary_id',
        'concept_code',
        'source',
    ],
) }}
