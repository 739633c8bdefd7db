-- Seed sr_rule, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'sr_rule',
    key=['root_scheme', 'root_code', 'group_scheme', 'group_code', 'value_type'],
    columns=[
        'root_scheme',
        'root_code',
        'group_scheme',
        'group_code',
        'value_type',
        'group_kind',
        'link',
        'modality',
        'source',
    ],
) }}
