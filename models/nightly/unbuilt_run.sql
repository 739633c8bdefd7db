-- The staged runs that the last build has not read, or not to their end; all in a whole build.

{% set built = load_relation(micdm.nightly_relation('built_run')) %}

select
    seen.run_kind,
    seen.run_id
from {{ ref('seen_run') }} as seen
cross join {{ ref('build_plan') }} as build_plan  -- noqa: AL05
{% if built %}
left join {{ built }} as built
    on
        seen.run_kind = built.run_kind
        and seen.run_id = built.run_id
        and seen.row_count = built.row_count
where build_plan.mode = 'whole' or built.run_id is null
{% endif %}
