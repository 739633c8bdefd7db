-- Seed derived_parameter, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'derived_parameter',
    key=['path'],
    columns=[
        'path',
        'name',
        'value_type',
        'unit_code',
        'vocabulary_id',
        'concept_code',
        'concept_id',
        'from_paths',
        'definition',
        'source',
    ],
) }}
