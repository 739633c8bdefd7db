-- Seed unit_conversion, with the rows of a site's own table (var site_mapping) laid over it. Its
-- rows for an attribute replace all of ours for it: ranges belong together.

{{ micdm.mapping_rows(
    'unit_conversion',
    key=['path'],
    columns=[
        'path',
        'value_from',
        'value_to',
        'factor',
        'shift',
        'unit_code',
        'source_unit_code',
        'same_as',
        'preference',
        'reason',
        'source',
    ],
) }}
