{# The incremental strategy `affected`: rows of the patients that build_plan reads again replace what
   was there of them, gone ones included. In one transaction of the model; `unique_key` says by what
   column a row is known to be theirs. #}
{% macro get_incremental_affected_sql(arg_dict) -%}
    {% set affected = micdm.affected_rows(arg_dict['unique_key'], arg_dict['target_relation'].identifier) %}
    {% set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} where {{ affected }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }} where {{ affected }}
{%- endmacro %}


{# A condition: the rows of a table that belong to the patients read by this run; beside a site's CDM
   also all of the site's, which are copied each night. #}
{% macro affected_rows(key, table) -%}
    {% set file = micdm.nightly_relation('affected_file') %}
    {% set patient = micdm.nightly_relation('affected_patient') %}
    {% set person = micdm.nightly_relation('affected_person') %}
    {% set image %}
select registry.image_occurrence_id
from {{ micdm.nightly_relation('image_occurrence_registry') }} as registry
where registry.series_instance_uid in (select file.series_instance_uid from {{ file }} as file)
    {% endset %}
    {% set ids = {
        'patient_id': 'select patient_id from ' ~ patient,
        'person_id': 'select person_id from ' ~ person,
        'uid': 'select uid from ' ~ micdm.nightly_relation('touched_uid'),
        'image_occurrence_id': image,
        'procedure_occurrence_id':
            'select procedure_occurrence_id from ' ~ micdm.nightly_relation('procedure_registry')
            ~ ' where study_instance_uid in (select study_instance_uid from ' ~ file ~ ')',
        'episode_id':
            'select episode_id from ' ~ micdm.nightly_relation('episode_registry')
            ~ ' where person_id in (select person_id from ' ~ person ~ ')',
    } %}
    {% for registry, id in {
        'image_feature_registry': 'image_feature_id',
        'measurement_registry': 'measurement_id',
        'observation_registry': 'observation_id',
        'condition_registry': 'condition_occurrence_id',
    }.items() %}
        {% do ids.update({id:
            'select ' ~ id ~ ' from ' ~ micdm.nightly_relation(registry)
            ~ ' where image_occurrence_id in (' ~ image ~ ')'
        }) %}
    {% endfor %}
    {% if key == 'fact_id_1' %}
        {% set image_domain = micdm.cdm_concept('domain_image_occurrence') %}
        {% set condition %}
(domain_concept_id_1 = {{ image_domain }} and fact_id_1 in ({{ image }}))
or (domain_concept_id_2 = {{ image_domain }} and fact_id_2 in ({{ image }}))
        {% endset %}
        {% set of_site = 'domain_concept_id_1 <> ' ~ image_domain ~ ' and domain_concept_id_2 <> ' ~ image_domain %}
    {% elif key not in ids %}
        {% do exceptions.raise_compiler_error('The strategy affected knows no rows by ' ~ key ~ '.') %}
    {% else %}
        {% set condition = key ~ ' in (' ~ ids[key] ~ ')' %}
        {% set of_site = 'not (' ~ micdm.is_own(table | replace('_event', ''), micdm.cdm_key(table)) ~ ')' if micdm.cdm_key(table) else none %}
    {% endif %}
    {{ return('(' ~ condition ~ (' or ' ~ of_site if micdm.is_extend() and of_site else '') ~ ')') }}
{%- endmacro %}
