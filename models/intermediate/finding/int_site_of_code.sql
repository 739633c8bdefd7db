-- Coded entries that are a site of the body: standard concept of the domain Spec Anatomic Site.

select
    coding_scheme,
    code_value,
    concept_code,
    standard_concept_id
from {{ ref('int_coded_entry') }}
where standard_domain_id = 'Spec Anatomic Site'
