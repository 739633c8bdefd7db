-- Seed contrast_word, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'contrast_word',
    key=['word', 'match_type'],
    columns=[
        'word',
        'match_type',
        'answer',
        'source',
    ],
) }}
