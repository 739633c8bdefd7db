-- One row, dated by the last run that staged anything, so that a rebuild of the same data is the
-- same; no row while nothing is staged.

with

latest as (
    select max(cast(started_at as date)) as release_date
    from {{ ref('stg_extract_run') }}
    where instances > 0
),

-- A download from Athena states its version there.
site_vocabulary as (
    select max(vocabulary_version) as vocabulary_version
    from {{ ref('stg_vocabulary') }}
    where vocabulary_id = 'None'
)

select
    {{ dbt.string_literal(var('cdm_source_name')) }} as cdm_source_name,
    {{ dbt.string_literal(var('cdm_source_abbreviation')) }} as cdm_source_abbreviation,
    {{ dbt.string_literal(var('cdm_holder')) }} as cdm_holder,
    'DICOM headers, as imaging tables (MI-CDM) of the OMOP CDM' as source_description,
    {{ micdm.null_of(dbt.type_string()) }} as source_documentation_reference,
    {{ micdm.null_of(dbt.type_string()) }} as cdm_etl_reference,
    latest.release_date as source_release_date,
    latest.release_date as cdm_release_date,
    'v5.4' as cdm_version,
    {{ micdm.cdm_concept('cdm_version') }} as cdm_version_concept_id,
    coalesce(
        site_vocabulary.vocabulary_version,
        {{ dbt.string_literal(var('vocabulary_version')) }}
    ) as vocabulary_version
from latest
cross join site_vocabulary
where latest.release_date is not null
