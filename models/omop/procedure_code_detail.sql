{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='procedure_occurrence_id'
) }}

select
    registry.procedure_occurrence_id,
    code.path as source_path,
    code.coding_scheme,
    code.code_value,
    code.code_meaning,
    code.procedure_source_concept_id,
    coalesce(code.procedure_concept_id, 0) as procedure_concept_id,
    cast(code.series_count as integer) as series_count,
    code.is_chosen
from {{ ref('int_procedure_code') }} as code
inner join {{ ref('procedure_registry') }} as registry
    on
        code.study_instance_uid = registry.study_instance_uid
        and code.modality = registry.modality
order by
    registry.procedure_occurrence_id,
    {{ micdm.byte_order('code.path') }},
    {{ micdm.byte_order('code.coding_scheme') }},
    {{ micdm.byte_order('code.code_value') }}
