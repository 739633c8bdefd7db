-- Seed finding_condition, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'finding_condition',
    key=['scheme', 'code', 'value_scheme', 'value_code'],
    columns=[
        'scheme',
        'code',
        'value_scheme',
        'value_code',
        'vocabulary_id',
        'concept_code',
        'source',
    ],
) }}
