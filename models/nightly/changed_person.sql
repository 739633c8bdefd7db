-- Persons of whom the site's CDM says something else than at the last build; all in a whole build.

-- depends_on: {{ ref('build_plan') }}
-- depends_on: {{ ref('person_state') }}

{% set built = load_relation(micdm.nightly_relation('built_person')) %}

{% if micdm.is_nightly() and built %}
{{ micdm.changed_keys('person_id', ref('person_state'), built) }}
{% else %}
select person_id from {{ ref('person_state') }}
{% endif %}
