{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='image_occurrence_id'
) }}

with

series as (
    select * from {{ ref('int_image_series') }}
),

registry as (
    select * from {{ ref('image_occurrence_registry') }}
),

site_procedure as (
    select * from {{ ref('int_series_procedure') }}
),

procedure_registry as (
    select * from {{ ref('procedure_registry') }}
),

modality as (
    select * from {{ ref('int_modality_concept') }}
),

anatomy as (
    select * from {{ ref('int_series_anatomy') }}
),

folder as (
    select * from {{ ref('int_series_folder') }}
),

final as (
    select
        registry.image_occurrence_id,
        series.person_id,
        coalesce(
            site_procedure.procedure_occurrence_id, procedure_registry.procedure_occurrence_id
        ) as procedure_occurrence_id,
        series.visit_occurrence_id,
        anatomy.anatomic_site_concept_id,
        {% if var('wadors_root') %}
        '{{ var("wadors_root").rstrip("/") }}/studies/' || series.study_instance_uid as wadors_uri,
        {% else %}
        {{ micdm.null_of(dbt.type_string()) }} as wadors_uri,
        {% endif %}
        folder.local_path,
        series.image_date as image_occurrence_date,
        series.study_instance_uid as image_study_uid,
        series.series_instance_uid as image_series_uid,
        modality.modality_concept_id
    from series
    inner join registry
        on series.series_instance_uid = registry.series_instance_uid
    left join site_procedure
        on series.series_instance_uid = site_procedure.series_instance_uid
    left join procedure_registry
        on
            series.study_instance_uid = procedure_registry.study_instance_uid
            and series.modality = procedure_registry.modality
    inner join modality
        on series.modality = modality.modality
    inner join anatomy
        on series.series_instance_uid = anatomy.series_instance_uid
    inner join folder
        on series.series_instance_uid = folder.series_instance_uid
)

select * from final
order by image_occurrence_id
