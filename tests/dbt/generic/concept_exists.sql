{% test concept_exists(model, column_name) %}
-- Distinct first: a column of millions of rows holds few concepts, so the join is small.
-- 0 means "no matching concept" in the CDM and needs no row; NULL is the contract's business.
with used as (
    select
        {{ column_name }} as concept_id,
        count(*) as row_count
    from {{ model }}
    where {{ column_name }} <> 0
    group by {{ column_name }}
)

select
    used.concept_id,
    used.row_count
from used
left join {{ ref('concept') }} as concept
    on used.concept_id = concept.concept_id
where concept.concept_id is null
{% endtest %}
