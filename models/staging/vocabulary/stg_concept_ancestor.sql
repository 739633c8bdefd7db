-- Pairs of an ancestor and a descendant. From the site's own vocabulary, if it gives one.

{% if micdm.has_vocabulary() %}
select
    ancestor_concept_id,
    descendant_concept_id,
    min_levels_of_separation,
    max_levels_of_separation
from {{ source('vocabulary', 'concept_ancestor') }}
{% else %}
select
    {{ micdm.null_of('integer') }} as ancestor_concept_id,
    {{ micdm.null_of('integer') }} as descendant_concept_id,
    {{ micdm.null_of('integer') }} as min_levels_of_separation,
    {{ micdm.null_of('integer') }} as max_levels_of_separation
where 1 = 0
{% endif %}
