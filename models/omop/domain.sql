select
    domain_id,
    domain_name,
    domain_concept_id
from {{ ref('seed_domain') }}
order by domain_id
