-- Empty until a site's visits can be linked: image headers know no visit, and none is made up.

select
    {{ micdm.null_of('integer') }} as visit_occurrence_id,
    {{ micdm.null_of('integer') }} as person_id,
    {{ micdm.null_of('integer') }} as visit_concept_id,
    {{ micdm.null_of('date') }} as visit_start_date,
    {{ micdm.null_of('timestamp') }} as visit_start_datetime,
    {{ micdm.null_of('date') }} as visit_end_date,
    {{ micdm.null_of('timestamp') }} as visit_end_datetime,
    {{ micdm.null_of('integer') }} as visit_type_concept_id,
    {{ micdm.null_of('integer') }} as provider_id,
    {{ micdm.null_of('integer') }} as care_site_id,
    {{ micdm.null_of(dbt.type_string()) }} as visit_source_value,
    {{ micdm.null_of('integer') }} as visit_source_concept_id,
    {{ micdm.null_of('integer') }} as admitted_from_concept_id,
    {{ micdm.null_of(dbt.type_string()) }} as admitted_from_source_value,
    {{ micdm.null_of('integer') }} as discharged_to_concept_id,
    {{ micdm.null_of(dbt.type_string()) }} as discharged_to_source_value,
    {{ micdm.null_of('integer') }} as preceding_visit_occurrence_id
where 1 = 0
