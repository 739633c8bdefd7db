-- Seed laterality, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'laterality',
    key=['laterality'],
    columns=[
        'laterality',
        'meaning',
        'vocabulary_id',
        'concept_code',
        'srt_code',
        'source',
    ],
) }}
