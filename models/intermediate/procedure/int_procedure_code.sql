-- The procedure codes that the headers of a study and modality name, with their concepts, where we
-- create the procedure. What was
-- done (Procedure Code Sequence) comes before what was asked for. `is_chosen` marks the one that
-- goes into procedure_occurrence: one with a concept that says more than the modality, then in that
-- order of sequences, then the most frequent, then the first in byte order.

{% set paths = [
    'ProcedureCodeSequence',
    'RequestedProcedureCodeSequence',
    'RequestAttributesSequence.RequestedProcedureCodeSequence',
] %}

with

code as (
    select
        series.study_instance_uid,
        series.modality,
        series_value.path,
        series_value.coding_scheme,
        series_value.value_key as code_value,
        min({{ micdm.byte_order('series_value.code_meaning') }}) as code_meaning,
        count(distinct series_value.series_instance_uid) as series_count,
        cast(sum(series_value.instance_count) as bigint) as instance_count
    from {{ ref('int_series_value') }} as series_value
    inner join {{ ref('int_series_without_procedure') }} as series
        on series_value.series_instance_uid = series.series_instance_uid
    where
        series_value.path in (
            {% for path in paths %}
            '{{ path }}'{{ ',' if not loop.last }}
            {% endfor %}
        )
    group by
        series.study_instance_uid,
        series.modality,
        series_value.path,
        series_value.coding_scheme,
        series_value.value_key
),

-- What the site says of a code (seed procedure_code) comes before what its scheme says.
named as (
    select
        procedure_code.coding_scheme,
        procedure_code.code_value,
        concept.concept_id,
        concept.standard_concept_id,
        concept.standard_domain_id
    from {{ ref('mapping_procedure_code') }} as procedure_code
    left join {{ ref('int_concept_of_code') }} as concept
        on
            procedure_code.vocabulary_id = concept.vocabulary_id
            and procedure_code.concept_code = concept.concept_code
),

meant as (
    select
        coding_scheme,
        code_value,
        concept_id,
        standard_concept_id,
        standard_domain_id
    from named
    union all
    select
        entry.coding_scheme,
        entry.code_value,
        entry.concept_id,
        entry.standard_concept_id,
        entry.standard_domain_id
    from {{ ref('int_coded_entry') }} as entry
    left join named
        on
            entry.coding_scheme = named.coding_scheme
            and entry.code_value = named.code_value
    where named.code_value is null
),

resolved as (
    select
        code.*,
        coalesce(meant.concept_id, 0) as procedure_source_concept_id,
        case
            when meant.standard_domain_id = 'Procedure' then meant.standard_concept_id
        end as procedure_concept_id
    from code
    left join meant
        on
            code.coding_scheme = meant.coding_scheme
            and code.code_value = meant.code_value
),

ranked as (
    select
        resolved.*,
        row_number() over (
            partition by resolved.study_instance_uid, resolved.modality
            order by
                case
                    when
                        resolved.procedure_concept_id <> coalesce(modality.standard_concept_id, 0)
                        then 1
                    else 2
                end,
                case resolved.path
                    {% for path in paths %}
                    when '{{ path }}' then {{ loop.index }}
                    {% endfor %}
                end,
                resolved.instance_count desc,
                {{ micdm.byte_order('resolved.code_value') }},
                {{ micdm.byte_order('resolved.coding_scheme') }}
        ) as preference
    from resolved
    left join {{ ref('int_modality_concept') }} as modality
        on resolved.modality = modality.modality
)

select
    study_instance_uid,
    modality,
    path,
    coding_scheme,
    code_value,
    code_meaning,
    series_count,
    instance_count,
    procedure_source_concept_id,
    procedure_concept_id,
    preference = 1 as is_chosen
from ranked
