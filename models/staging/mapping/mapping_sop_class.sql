-- Seed sop_class, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'sop_class',
    key=['sop_class_uid'],
    columns=[
        'sop_class_uid',
        'name',
        'content',
        'acquisition',
        'is_image',
        'implied_modality',
        'possible_modalities',
        'concept_code',
        'source',
    ],
) }}
