{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='image_feature_id'
) }}

{% set text = dbt.type_string() %}

with

acquisition as (
    select
        image_feature_id,
        path as source_path,
        case when origin = 'attribute' then tag end as source_tag,
        keyword as source_keyword,
        item as item_number,
        position as value_order,
        value_slot,
        variation as variation_rule,
        cast(distinct_value_count as integer) as distinct_value_count,
        cast(instance_count as integer) as instance_count,
        value_text as value_source_text,
        nullif(coding_scheme, '') as coding_scheme,
        code_meaning,
        source_unit_code,
        origin,
        derived_from,
        {{ micdm.null_of(text) }} as sop_instance_uid,
        {{ micdm.null_of(text) }} as tracking_uid,
        {{ micdm.null_of(text) }} as tracking_identifier,
        {{ micdm.null_of(text) }} as derivation_code,
        {{ micdm.null_of(text) }} as method_code,
        {{ micdm.null_of(text) }} as laterality,
        'series' as anatomic_site_source,
        {{ micdm.null_of(text) }} as series_link_method,
        {{ micdm.null_of('integer') }} as series_candidate_count
    from {{ ref('int_image_feature') }}
),

finding as (
    select
        registry.image_feature_id,
        feature.source_path,
        {{ micdm.null_of(text) }} as source_tag,
        {{ micdm.null_of(text) }} as source_keyword,
        0 as item_number,
        feature.ordinal as value_order,
        feature.feature_slot as value_slot,
        {{ micdm.null_of(text) }} as variation_rule,
        {{ micdm.null_of('integer') }} as distinct_value_count,
        {{ micdm.null_of('integer') }} as instance_count,
        feature.value_source_text,
        nullif(feature.value_scheme, '') as coding_scheme,
        coalesce(feature.value_meaning, feature.concept_meaning) as code_meaning,
        feature.unit_source_code as source_unit_code,
        feature.source as origin,
        {{ micdm.null_of(text) }} as derived_from,
        feature.sop_instance_uid,
        feature.tracking_uid,
        feature.tracking_identifier,
        feature.derivation_code,
        feature.method_code,
        feature.laterality,
        feature.anatomic_site_source,
        feature.series_link_method,
        feature.series_candidate_count
    from {{ ref('int_image_finding_feature') }} as feature
    inner join {{ ref('image_feature_registry') }} as registry
        on {{ micdm.same_feature('feature', 'registry') }}
)

select * from acquisition
union all
select * from finding
order by image_feature_id
