-- Seed phenotype_concept, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'phenotype_concept',
    key=['phenotype', 'concept_set', 'vocabulary_id', 'concept_code'],
    columns=[
        'phenotype',
        'concept_set',
        'vocabulary_id',
        'concept_code',
        'with_descendants',
        'source',
    ],
) }}
