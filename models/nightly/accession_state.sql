-- What the site's mapping says of each accession number, as a state to compare with the last
-- build's.

with

mapping as (
    select
        accession.accession_number,
        accession.procedure_occurrence_id,
        accession.visit_occurrence_id,
        site_procedure.person_id as person_of_procedure,
        site_visit.person_id as person_of_visit
    from {{ ref('stg_accession_mapping') }} as accession
    left join {{ ref('stg_cdm_procedure_occurrence') }} as site_procedure
        on accession.procedure_occurrence_id = site_procedure.procedure_occurrence_id
    left join {{ ref('stg_cdm_visit_occurrence') }} as site_visit
        on accession.visit_occurrence_id = site_visit.visit_occurrence_id
)

select
    accession_number,
    {{ micdm.state_of_rows('mapping') }} as state
from mapping
group by accession_number
