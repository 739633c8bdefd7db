-- Patient (ID, issuer) -> person_id, kept for ever.

{{ micdm.id_registry(
    ref('int_person'),
    id='person_id',
    table='person',
    text_key=['patient_id', 'issuer_of_patient_id'],
) }}
