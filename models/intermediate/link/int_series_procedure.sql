{{ config(materialized='view') }}

-- One row per image series with a procedure of the site's CDM: the one for the column, that of the
-- place nearest to the series' own, then the lowest id. All of them are in fact_relationship.

select
    series_instance_uid,
    procedure_occurrence_id,
    procedure_concept_id,
    procedure_match_method
from {{ ref('int_series_procedure_candidate') }}
where preference = 1
