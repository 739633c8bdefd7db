-- Results of algorithms as features, on the series they name; the shape is that of the features of
-- reports and segmentations. A result keeps its study in check: one about another study than the
-- series is in is about another series. Nothing is looked for but what the row says.

{% set text = dbt.type_string() %}

with

series as (
    select * from {{ ref('int_series') }}
),

result as (
    select
        *,
        {{ micdm.alg_system(
            'algorithm_vendor', 'algorithm_name', 'algorithm_version', 'algorithm_parameters'
        ) }} as alg_system
    from {{ ref('stg_algorithm_result') }}
),

keyed as (
    select
        result.*,
        series.study_instance_uid as series_study_instance_uid,
        series.person_id,
        coalesce(
            result.reason_code,
            case
                when series.series_instance_uid is null then 'series_not_staged'
                when result.study_instance_uid <> series.study_instance_uid then 'study_mismatch'
                when series.reason_code is not null then 'series_quarantined'
            end
        ) as final_reason_code,
        'row:' || result.series_instance_uid
        || '|' || coalesce(result.sop_instance_uid, '')
        || '|' || coalesce({{ micdm.uri_part('result.finding_key') }}, '')
        || '|' || coalesce({{ micdm.uri_part('result.lesion_key') }}, '')
        || '|' || coalesce(result.tracking_uid, '') as feature_path,
        {{ micdm.uri_part('result.feature_scheme') }}
        || ':' || {{ micdm.uri_part('result.feature_code') }}
        || '|' || coalesce({{ micdm.uri_part('result.site_scheme') }}, '')
        || ':' || coalesce({{ micdm.uri_part('result.site_code') }}, '')
        || '|' || coalesce(result.laterality, '')
        || '|' || result.alg_system as feature_slot,
        -- Of one study and one algorithm, as the keys in the row are.
        'row:' || series.study_instance_uid || '|' || result.alg_system || '|' as finding_scope
    from result
    left join series
        on result.series_instance_uid = series.series_instance_uid
)

select
    'algorithm_result' as source,
    keyed.run_id,
    keyed.file_number,
    keyed.result_row,
    keyed.feature_path,
    keyed.feature_slot,
    cast(keyed.ordinal as integer) as ordinal,
    keyed.series_instance_uid,
    coalesce(keyed.series_study_instance_uid, keyed.study_instance_uid) as study_instance_uid,
    keyed.person_id,
    keyed.sop_instance_uid,
    keyed.run_id || '/' || cast(keyed.file_number as {{ text }})
    || '/' || cast(keyed.result_row as {{ text }}) as source_path,
    keyed.value_number is not null as is_number,
    false as is_finding,
    keyed.feature_scheme as concept_scheme,
    keyed.feature_code as concept_code,
    {{ micdm.null_of(text) }} as concept_meaning,
    keyed.value_number,
    coalesce(keyed.value_number_text, keyed.value_text, keyed.value_code) as value_source_text,
    keyed.value_scheme,
    keyed.value_code,
    keyed.value_text as value_meaning,
    keyed.operator,
    case when keyed.unit is not null then 'UCUM' end as unit_scheme,
    keyed.unit as unit_source_code,
    case
        when keyed.tracking_uid is not null
            then 'uid:' || keyed.tracking_uid || '|' || keyed.series_study_instance_uid
        when keyed.finding_key is not null
            then keyed.finding_scope || {{ micdm.uri_part('keyed.finding_key') }}
        when keyed.lesion_key is not null
            then keyed.finding_scope || '|' || {{ micdm.uri_part('keyed.lesion_key') }}
        -- A finding without a key is that of its row.
        when keyed.finding_code is not null
            then
                keyed.feature_path || '|' || keyed.feature_slot
                || '|' || cast(keyed.ordinal as {{ text }})
    end as finding_key,
    keyed.finding_scheme,
    keyed.finding_code,
    {{ micdm.null_of(text) }} as finding_meaning,
    keyed.tracking_uid,
    {{ micdm.null_of(text) }} as tracking_identifier,
    coalesce(keyed.tracking_uid, keyed.lesion_key) as lesion_key,
    keyed.site_scheme,
    keyed.site_code,
    keyed.laterality,
    case
        when keyed.site_code is not null
            then coalesce(lateralised.standard_concept_id, site.site_concept_id, 0)
    end as stated_site_concept_id,
    {{ micdm.null_of(text) }} as derivation_code,
    {{ micdm.null_of(text) }} as method_code,
    keyed.alg_system,
    -- The time as the row states it: local to where it was written.
    keyed.result_datetime as alg_datetime,
    'type_standard_algorithm' as feature_type_role,
    'stated' as series_link_method,
    1 as series_candidate_count,
    keyed.final_reason_code as reason_code
from keyed
left join {{ ref('int_site_of_code') }} as site
    on
        keyed.site_scheme = site.coding_scheme
        and keyed.site_code = site.code_value
left join {{ ref('int_lateralised_site') }} as lateralised
    on
        site.concept_code = lateralised.site_concept_code
        and keyed.laterality = lateralised.laterality
