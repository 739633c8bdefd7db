-- The patients who have or name something that the unbuilt runs have or name; all in a whole build.

-- depends_on: {{ ref('build_plan') }}
-- depends_on: {{ ref('unbuilt_uid') }}

select
    named.uid,
    named.patient_id,
    max(named.is_held) as is_held
from {{ ref('patient_uid') }} as named
{% if micdm.is_nightly() %}
inner join {{ ref('unbuilt_uid') }} as unbuilt
    on named.uid = unbuilt.uid
{% endif %}
group by named.uid, named.patient_id
