-- Every coded entry (scheme and code) that headers, reports, segmentations and results of
-- algorithms name, and the concept it is. Designators are compared without regard to case and marks
-- (SNOMED-CT, sct); codes of SNOMED-RT, which DICOM used until 2017 and most reports still use, are
-- those of SNOMED CT that DICOM gives for them.

with

known_scheme as (
    {{ micdm.vocabulary_of_scheme() }}
),

-- A vocabulary of OMOP may be named as such.
coding_scheme as (
    select * from known_scheme
    union all
    select
        {{ micdm.scheme_key('used.vocabulary_id') }} as scheme_key,
        min({{ micdm.byte_order('used.vocabulary_id') }}) as vocabulary_id
    from {{ ref('int_used_vocabulary') }} as used
    left join known_scheme
        on {{ micdm.scheme_key('used.vocabulary_id') }} = known_scheme.scheme_key
    where known_scheme.scheme_key is null
    group by {{ micdm.scheme_key('used.vocabulary_id') }}
),

{# Where codes stand: relation, and the beginnings of the names of its pairs of columns. #}
{% set places = {
    'stg_dicom_sr_item': ['concept', 'value'],
    'stg_dicom_segment': ['category', 'type', 'region', 'region_modifier'],
    'stg_algorithm_result': ['finding', 'feature', 'value', 'site'],
} %}

named as (
    select
        coding_scheme,
        value_key as code_value
    from {{ ref('int_series_value') }}
    where coding_scheme <> ''
    {% for relation, parts in places.items() %}
    {% for part in parts %}
    union
    select
        {{ part }}_scheme as coding_scheme,
        {{ part }}_code as code_value
    from {{ ref(relation) }}
    where {{ part }}_scheme is not null and {{ part }}_code is not null
    {% endfor %}
    {% endfor %}
),

translated as (
    select
        named.coding_scheme,
        named.code_value,
        coding_scheme.vocabulary_id,
        coalesce(retired.concept_code, named.code_value) as concept_code
    from named
    inner join coding_scheme
        on {{ micdm.scheme_key('named.coding_scheme') }} = coding_scheme.scheme_key
    left join {{ ref('mapping_retired_code') }} as retired
        on
            named.code_value = retired.retired_code
            and coding_scheme.vocabulary_id = 'SNOMED'
)

select
    translated.coding_scheme,
    translated.code_value,
    translated.vocabulary_id,
    translated.concept_code,
    concept.concept_id,
    concept.domain_id,
    concept.standard_concept_id,
    concept.standard_domain_id
from translated
left join {{ ref('int_concept_of_code') }} as concept
    on
        translated.vocabulary_id = concept.vocabulary_id
        and translated.concept_code = concept.concept_code
