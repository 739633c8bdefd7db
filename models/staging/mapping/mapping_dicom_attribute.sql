-- Seed dicom_attribute, with the rows of a site's own table (var site_mapping) laid over it.

{{ micdm.mapping_rows(
    'dicom_attribute',
    key=['path'],
    columns=[
        'path',
        'keyword',
        'tag',
        'vr',
        'name',
        'level',
        'role',
        'value_type',
        'multi_value',
        'variation',
        'unit_code',
        'modality',
        'vocabulary_id',
        'concept_code',
        'concept_id',
        'source',
    ],
) }}
