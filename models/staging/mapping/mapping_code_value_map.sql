-- Seed code_value_map, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'code_value_map',
    key=['source_vocabulary_id', 'source_code'],
    columns=[
        'source_vocabulary_id',
        'source_code',
        'meaning',
        'vocabulary_id',
        'concept_code',
        'source',
    ],
) }}
