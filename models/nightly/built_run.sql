-- The staged runs that have been built to the end, and by which models and mappings. Made last: a
-- build that fails, or is killed, leaves its runs for the next.

{{ micdm.after_all_models() }}

with

built as (
    select
        seen.run_kind,
        seen.run_id,
        seen.row_count,
        build_plan.code_state,
        build_plan.mapping_state
    from {{ ref('seen_run') }} as seen
    cross join {{ ref('build_plan') }} as build_plan
)

{{ micdm.if_all_models('built') }}
