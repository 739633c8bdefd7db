-- Values that mean yes, for the rule `any`: those whose concept is that of Yes.

select
    path,
    coding_scheme,
    value_key
from {{ ref('int_value_concept') }}
where value_concept_id = {{ micdm.cdm_concept('value_yes') }}
