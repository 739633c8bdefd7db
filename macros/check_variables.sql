{# Stops a run whose variables can't mean what was meant: a typing error must not quietly build
   other tables. Part of on-run-start. #}
{% macro check_variables() -%}
    {% set choices = {
        'cdm_mode': ['standalone', 'extend'],
        'person_policy': [none, 'quarantine', 'create'],
        'modality_concept': ['standard', 'dicom'],
        'nonstandard_concept': ['keep', 'zero'],
        'acquisition_parameters': ['feature_and_measurement', 'measurement_only'],
        'study_date_first': [true, false],
        'anatomy_from_description': [true, false],
        'findings_as_conditions': [true, false],
        'segmentations': [true, false],
    } %}
    {% for name, allowed in choices.items() if var(name) not in allowed %}
        {{ exceptions.raise_compiler_error(
            'The variable ' ~ name ~ ' is ' ~ var(name) ~ '; it can be '
            ~ allowed | join(' or ') ~ '.'
        ) }}
    {% endfor %}
    {% set year = var('unknown_birth_year') %}
    {% if year is not none and (year is not integer or year < micdm.first_birth_year() | int) %}
        {{ exceptions.raise_compiler_error(
            'The variable unknown_birth_year is ' ~ year ~ '; it must be a year from '
            ~ micdm.first_birth_year() | trim ~ ' on.'
        ) }}
    {% endif %}
    {% if micdm.is_extend() and not var('site_cdm_schema') %}
        {{ exceptions.raise_compiler_error(
            'With cdm_mode extend the variable site_cdm_schema must name the schema of your CDM.'
        ) }}
    {% endif %}
    {% for name in ['site_cdm_schema', 'site_vocabulary_schema', 'person_mapping', 'person_issuer',
                    'accession_mapping'] if var(name) and not micdm.is_extend() %}
        {{ exceptions.raise_compiler_error(
            'The variable ' ~ name ~ ' has a meaning only with cdm_mode extend.'
        ) }}
    {% endfor %}
    {% set tables = ['image_occurrence', 'image_feature', 'image_finding', 'measurement',
                     'observation', 'condition_occurrence', 'person', 'procedure_occurrence',
                     'observation_period', 'episode'] %}
    {% for table in var('id_offset') if table not in tables %}
        {{ exceptions.raise_compiler_error(
            'The variable id_offset names ' ~ table ~ '; it can name ' ~ tables | join(', ') ~ '.'
        ) }}
    {% endfor %}
    {% if execute %}
        {% set seeds = [] %}
        {% for node in graph.nodes.values()
            if node.resource_type == 'seed' and node.package_name == 'micdm' %}
            {% do seeds.append(node.name) %}
        {% endfor %}
        {% for seed in var('site_mapping') if seed not in seeds %}
            {{ exceptions.raise_compiler_error(
                'The variable site_mapping names ' ~ seed ~ ', which is no mapping seed of micdm.'
            ) }}
        {% endfor %}
    {% endif %}
{%- endmacro %}
