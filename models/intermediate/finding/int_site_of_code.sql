-- Coded entries that are a site of the body: that of the body part term whose code it is, else the
-- code's own concept of the domain Spec Anatomic Site. `concept_code` is that of the site.

with

entry as (
    select
        coded_entry.coding_scheme,
        coded_entry.code_value,
        coalesce(body_part.site_concept_code, coded_entry.concept_code) as concept_code,
        case
            when coded_entry.standard_domain_id = 'Spec Anatomic Site'
                then coded_entry.standard_concept_id
            when coded_entry.domain_id = 'Spec Anatomic Site' then coded_entry.concept_id
        end as own_site_concept_id,
        body_part.site_concept_code
    from {{ ref('int_coded_entry') }} as coded_entry
    left join {{ ref('int_body_part_of_code') }} as body_part
        on
            coded_entry.vocabulary_id = body_part.vocabulary_id
            and coded_entry.concept_code = body_part.concept_code
            and body_part.kind = 'anatomy'
),

resolved as (
    select
        entry.coding_scheme,
        entry.code_value,
        entry.concept_code,
        coalesce(site.standard_concept_id, entry.own_site_concept_id) as site_concept_id
    from entry
    left join {{ ref('int_concept_of_code') }} as site
        on
            entry.site_concept_code = site.concept_code
            and site.vocabulary_id = 'SNOMED'
)

select
    coding_scheme,
    code_value,
    concept_code,
    site_concept_id
from resolved
where site_concept_id is not null
