-- The site's vocabulary where it gives one (var vocabulary_path), and those of our concepts that it
-- lacks. Without one: ours alone.

select
    concept_id,
    concept_name,
    domain_id,
    vocabulary_id,
    concept_class_id,
    standard_concept,
    concept_code,
    valid_start_date,
    valid_end_date,
    invalid_reason
from {{ ref('stg_concept') }}
union all
select
    concept_id,
    concept_name,
    domain_id,
    vocabulary_id,
    concept_class_id,
    standard_concept,
    concept_code,
    valid_start_date,
    valid_end_date,
    invalid_reason
from {{ ref('int_own_concept') }}
where not is_in_site_vocabulary
order by concept_id
