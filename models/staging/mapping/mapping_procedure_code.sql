-- Seed procedure_code, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'procedure_code',
    key=['coding_scheme', 'code_value'],
    columns=[
        'coding_scheme',
        'code_value',
        'vocabulary_id',
        'concept_code',
        'source',
    ],
) }}
