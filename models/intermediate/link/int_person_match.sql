-- Patients that the site's CDM knows: the person, by the first way that names one. Two persons by
-- one way are nobody (reason person_ambiguous); a person that the site's own mapping names and the
-- CDM lacks is waited for, and no other taken (person_not_found).

with

ranked as (
    select
        *,
        min(preference) over (partition by patient_id, issuer_of_patient_id) as first_preference
    from {{ ref('int_person_candidate') }}
),

matched as (
    select
        patient_id,
        issuer_of_patient_id,
        min(person_match_method) as person_match_method,
        min(person_id) as person_id,
        count(distinct person_id) as person_count,
        max(case when is_ambiguous then 1 else 0 end) as ambiguous_count,
        min(case when is_in_cdm then 1 else 0 end) as in_cdm_count
    from ranked
    where preference = first_preference
    group by patient_id, issuer_of_patient_id
),

judged as (
    select
        *,
        case
            when person_count > 1 or ambiguous_count > 0 then 'person_ambiguous'
            when in_cdm_count = 0 then 'person_not_found'
        end as reason_code
    from matched
)

select
    patient_id,
    issuer_of_patient_id,
    case when reason_code is null then person_id end as person_id,
    case when reason_code is null then person_match_method end as person_match_method,
    reason_code
from judged
