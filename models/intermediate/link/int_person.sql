{{ config(materialized='view') }}

-- Patients that become persons: the site's CDM does not know them, and all that the CDM requires is
-- known. Nobody where the policy is to wait for the site's person (var person_policy).

select patient.*
from {{ ref('int_patient') }} as patient
left join {{ ref('int_person_match') }} as known
    on
        patient.patient_id = known.patient_id
        and patient.issuer_of_patient_id = known.issuer_of_patient_id
where
    patient.reason_code is null
    and known.patient_id is null
    and {{ '1 = 0' if micdm.person_policy() == 'quarantine' else '1 = 1' }}
