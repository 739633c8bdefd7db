-- Categorical values -> concept: codes by their own vocabulary, defined terms by the seed
-- value_map. The standard concept where there is one.

with

coded as (
    select distinct
        path,
        coding_scheme,
        value_key
    from {{ ref('int_series_value') }}
    where coding_scheme <> ''
)

select
    coded.path,
    coded.coding_scheme,
    coded.value_key,
    coalesce(entry.standard_concept_id, entry.concept_id) as value_concept_id
from coded
inner join {{ ref('int_coded_entry') }} as entry
    on
        coded.coding_scheme = entry.coding_scheme
        and coded.value_key = entry.code_value
where entry.concept_id is not null
union all
select
    value_map.path,
    '' as coding_scheme,
    value_map.value_key,
    coalesce(concept.standard_concept_id, concept.concept_id) as value_concept_id
from {{ ref('mapping_value_map') }} as value_map
inner join {{ ref('int_concept_of_code') }} as concept
    on
        value_map.vocabulary_id = concept.vocabulary_id
        and value_map.concept_code = concept.concept_code
