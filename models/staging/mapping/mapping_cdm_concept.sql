-- Seed cdm_concept, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'cdm_concept',
    key=['role'],
    columns=[
        'role',
        'concept_id',
        'source',
    ],
) }}
