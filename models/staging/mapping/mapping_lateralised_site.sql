-- Seed lateralised_site, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'lateralised_site',
    key=['site_concept_code', 'laterality'],
    columns=[
        'site_concept_code',
        'laterality',
        'concept_code',
        'source',
    ],
) }}
