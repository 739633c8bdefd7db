-- What is known of each person besides the images, as a state to compare with the last build's.

{% set tables = [
    'stg_cdm_person',
    'stg_cdm_observation_period',
    'stg_cdm_visit_occurrence',
    'stg_cdm_procedure_occurrence',
    'mapping_episode_definition',
    'mapping_episode_member',
] %}

with

part as (
    {% for table in tables %}
    select
        person_id,
        '{{ table }}' as table_name,
        {{ micdm.state_of_rows('row_of_person') }} as state
    from {{ ref(table) }} as row_of_person  -- noqa: AL05
    group by person_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    person_id,
    {{ micdm.state_of_rows('part') }} as state
from part
where person_id is not null
group by person_id
