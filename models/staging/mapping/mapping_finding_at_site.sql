-- Seed finding_at_site, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'finding_at_site',
    key=['finding_code', 'site_code'],
    columns=[
        'finding_code',
        'site_code',
        'vocabulary_id',
        'concept_code',
        'source',
    ],
) }}
