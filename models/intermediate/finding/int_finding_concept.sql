-- What each pair of finding and site is together: seed finding_at_site (nodule and lung: nodule of
-- lung), where the vocabulary has that concept.

select
    finding.finding_code,
    finding.site_code,
    concept.concept_id,
    concept.standard_concept_id,
    concept.standard_domain_id
from {{ ref('mapping_finding_at_site') }} as finding
inner join {{ ref('int_concept_of_code') }} as concept
    on
        finding.vocabulary_id = concept.vocabulary_id
        and finding.concept_code = concept.concept_code
