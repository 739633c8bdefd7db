-- Categorical values -> concept: codes by their own vocabulary, defined terms by the seed
-- value_map. The standard concept where there is one.

with

value_map as (
    select * from {{ ref('mapping_value_map') }}
),

coding_scheme as (
    select * from {{ ref('mapping_coding_scheme') }}
),

coded as (
    select distinct
        series_value.path,
        series_value.coding_scheme,
        series_value.value_key,
        coding_scheme.vocabulary_id,
        series_value.value_key as concept_code
    from {{ ref('int_series_value') }} as series_value
    inner join coding_scheme
        on series_value.coding_scheme = coding_scheme.coding_scheme
),

defined_term as (
    select
        path,
        '' as coding_scheme,
        value_key,
        vocabulary_id,
        concept_code
    from value_map
),

value_code as (
    select * from coded
    union all
    select * from defined_term
)

select
    value_code.path,
    value_code.coding_scheme,
    value_code.value_key,
    coalesce(concept.standard_concept_id, concept.concept_id) as value_concept_id
from value_code
inner join {{ ref('int_concept_of_code') }} as concept
    on
        value_code.vocabulary_id = concept.vocabulary_id
        and value_code.concept_code = concept.concept_code
