-- One row: what the rows of every patient depend on besides the staged runs and the site's CDM.
-- When it changes (a model, a variable, a row of a mapping, the version of the vocabulary), a build
-- makes everything anew. What a site says of single persons (episode_definition, episode_member) is
-- in person_state.

{% set mappings = [
        'mapping_anatomy_word',
        'mapping_body_part',
        'mapping_body_part_code',
        'mapping_body_part_combination',
        'mapping_body_part_open',
        'mapping_body_part_part_of',
        'mapping_body_part_synonym',
        'mapping_cdm_concept',
        'mapping_code_value_map',
        'mapping_coding_scheme',
        'mapping_contrast_word',
        'mapping_derived_parameter',
        'mapping_dicom_attribute',
        'mapping_finding_at_site',
        'mapping_finding_condition',
        'mapping_imaging_procedure',
        'mapping_lateralised_site',
        'mapping_laterality',
        'mapping_laterality_synonym',
        'mapping_lesion_size',
        'mapping_manufacturer',
        'mapping_modality',
        'mapping_modality_synonym',
        'mapping_numeric_qualifier',
        'mapping_phenotype_concept',
        'mapping_procedure_code',
        'mapping_retired_code',
        'mapping_sop_class',
        'mapping_sr_item_role',
        'mapping_sr_rule',
        'mapping_sr_text',
        'mapping_unit_alias',
        'mapping_unit_conversion',
        'mapping_unit_size',
        'mapping_value_map',
] %}

{# Their names are not to be had from dbt; a test compares. #}
{% set variables = [
        'raw_path',
        'raw_dicom_schema',
        'vocabulary_path',
        'vocabulary_schema',
        'cdm_mode',
        'site_cdm_schema',
        'site_vocabulary_schema',
        'person_policy',
        'person_mapping',
        'person_issuer',
        'accession_mapping',
        'study_date_first',
        'unknown_birth_year',
        'modality_concept',
        'nonstandard_concept',
        'anatomy_from_description',
        'acquisition_parameters',
        'findings_as_conditions',
        'segmentations',
        'wadors_root',
        'site_mapping',
        'id_offset',
        'swap_schemas',
        'cdm_source_name',
        'cdm_source_abbreviation',
        'cdm_holder',
        'vocabulary_version',
] %}

{% set parts = [] %}
{% for name in variables %}
{% do parts.append(name ~ ' ' ~ var(name)) %}
{% endfor %}
{% set nodes = graph.nodes.values() if execute else [] %}
{% for node in nodes | sort(attribute='unique_id')
        if node.resource_type in ('model', 'seed') and node.package_name == 'micdm' %}
{% do parts.append(node.unique_id ~ ' ' ~ node.checksum.checksum) %}
{% endfor %}

with

part as (
    {% for name in mappings + ['stg_vocabulary'] %}
    select
        '{{ name }}' as name,
        {{ micdm.state_of_rows('mapping') }} as state
    from {{ ref(name) }} as mapping  -- noqa: AL05
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    '{{ local_md5(parts | join(" ")) }}' as code_state,
    {{ micdm.state_of_rows('part') }} as mapping_state
from part
