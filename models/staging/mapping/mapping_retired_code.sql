-- Seed retired_code, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'retired_code',
    key=['retired_code'],
    columns=[
        'retired_code',
        'concept_code',
    ],
) }}
