-- Seed anatomy_word, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'anatomy_word',
    key=['word', 'match_type'],
    columns=[
        'word',
        'match_type',
        'kind',
        'body_part',
        'language',
        'source',
    ],
) }}
