-- Which person of the site's CDM a Patient ID is, where the site says so itself (var
-- person_mapping). A row without an issuer holds for the id whatever the issuer.

{% if var('person_mapping') %}
select distinct
    cast(patient_id as {{ dbt.type_string() }}) as patient_id,
    coalesce(cast(issuer_of_patient_id as {{ dbt.type_string() }}), '') as issuer_of_patient_id,
    cast(person_id as integer) as person_id
from {{ micdm.site_relation(var('person_mapping')) }}
where patient_id is not null and person_id is not null
{% else %}
select
    {{ micdm.null_of(dbt.type_string()) }} as patient_id,
    {{ micdm.null_of(dbt.type_string()) }} as issuer_of_patient_id,
    {{ micdm.null_of('integer') }} as person_id
where 1 = 0
{% endif %}
