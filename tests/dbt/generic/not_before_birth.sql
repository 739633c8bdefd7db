{% test not_before_birth(model, column_name) %}
-- By year, as month and day of birth are often unknown. A warning: archives shift dates to hide
-- who a person is, and a site may have stated a placeholder for an unknown year of birth.
{{ config(severity='warn') }}

with event as (
    select
        person_id,
        {{ column_name }} as event_date
    from {{ model }}
)

select
    event.person_id,
    event.event_date,
    person.year_of_birth
from event
inner join {{ ref('person') }} as person
    on event.person_id = person.person_id
where extract(year from event.event_date) < person.year_of_birth
{% endtest %}
