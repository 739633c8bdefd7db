-- Our own concepts that stand for a code of another vocabulary, until that vocabulary is loaded:
-- SCT:27925004 is the code 27925004 of SNOMED. The designator says which vocabulary; the code may
-- have a colon of its own (MDC:2:15872).

with

coding_scheme as (
    {{ micdm.vocabulary_of_scheme() }}
),

own as (
    select
        {{ dbt.split_part('concept_code', "':'", 1) }} as designator,
        vocabulary_id,
        concept_code
    from {{ ref('int_own_concept') }}
    where vocabulary_id = 'MICDM' and concept_code like '%:%'
)

select
    coding_scheme.vocabulary_id as source_vocabulary_id,
    substring(own.concept_code, length(own.designator) + 2) as source_code,
    own.vocabulary_id,
    own.concept_code
from own
inner join coding_scheme
    on {{ micdm.scheme_key('own.designator') }} = coding_scheme.scheme_key
