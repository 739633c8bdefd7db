-- Persons of whom the site's CDM says something else than at the last build; all in a whole build.

-- depends_on: {{ ref('build_plan') }}
-- depends_on: {{ ref('person_state') }}

{% set built = load_relation(micdm.nightly_relation('built_person')) %}

{% if micdm.is_nightly() and built %}
select coalesce(person.person_id, built.person_id) as person_id
from {{ ref('person_state') }} as person
full outer join {{ built }} as built
    on person.person_id = built.person_id
where coalesce(person.state, '') <> coalesce(built.state, '')
{% else %}
select person_id from {{ ref('person_state') }}
{% endif %}
