{{ config(
    post_hook="{% set built = micdm.nightly_relation('built_run') %}{% if load_relation(built) %}delete from {{ built }} where exists (select 1 from {{ this }} where mode = 'whole'){% endif %}"
) }}

-- One row: whether this build reads everything (mode whole) or only what is new since the last one
-- that came to its end (mode nightly), and why. A whole build forgets what was built before: if it
-- is killed, the next one is whole too.

{% set built = load_relation(micdm.nightly_relation('built_run')) %}

{# Tables of which a nightly run would make its part only. #}
{% set missing = micdm.missing_tables() %}

with

state as (
    select * from {{ ref('project_state') }}
),

built as (
    {% if built %}
    select
        run_kind,
        run_id,
        row_count,
        code_state,
        mapping_state
    from {{ built }} as last_build
    {% else %}
    select
        cast(null as {{ dbt.type_string() }}) as run_kind,
        cast(null as {{ dbt.type_string() }}) as run_id,
        cast(null as bigint) as row_count,
        cast(null as {{ dbt.type_string() }}) as code_state,
        cast(null as {{ dbt.type_string() }}) as mapping_state
    where 1 = 0
    {% endif %}
),

-- Staged rows that were built are no longer there: another folder, staged anew, parts taken out.
lost as (
    select count(*) as run_count
    from built
    left join {{ ref('seen_run') }} as seen
        on
            built.run_kind = seen.run_kind
            and built.run_id = seen.run_id
    where seen.run_id is null or seen.row_count < built.row_count
),

compared as (
    select
        count(*) as run_count,
        min(code_state) as code_state,
        min(mapping_state) as mapping_state
    from built
),

judged as (
    select
        state.code_state,
        state.mapping_state,
        case
            when {{ flags.FULL_REFRESH }} then 'full refresh'
            {% if var('swap_schemas') %}
            when 1 = 1 then 'swapped schemas are built whole'
            {% endif %}
            when compared.run_count = 0 then 'nothing was built to its end before'
            when compared.code_state <> state.code_state then 'models or variables changed'
            when compared.mapping_state <> state.mapping_state then 'mappings or vocabulary changed'
            when lost.run_count > 0 then 'staged runs are gone'
            when {{ missing | length }} > 0 then 'tables are gone'
        end as reason
    from state
    cross join compared
    cross join lost
)

select
    code_state,
    mapping_state,
    reason,
    case when reason is null then 'nightly' else 'whole' end as mode
from judged
