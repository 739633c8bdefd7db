-- Which procedures and visits of the site's CDM an accession number stands for, where the site says
-- so (var accession_mapping). Several rows an accession number are several procedures.

{% if var('accession_mapping') %}
select distinct
    cast(accession_number as {{ dbt.type_string() }}) as accession_number,
    cast(procedure_occurrence_id as integer) as procedure_occurrence_id,
    cast(visit_occurrence_id as integer) as visit_occurrence_id
from {{ micdm.site_relation(var('accession_mapping')) }}
where accession_number is not null
{% else %}
select
    {{ micdm.null_of(dbt.type_string()) }} as accession_number,
    {{ micdm.null_of('integer') }} as procedure_occurrence_id,
    {{ micdm.null_of('integer') }} as visit_occurrence_id
where 1 = 0
{% endif %}
