{# One build at a time in a Postgres database, as dbt has no lock for it. dbt opens a connection for
   each node and closes it after, so no lock of Postgres lasts as long as the run. Instead a row says
   whose turn it is, and every node first takes a lock, which ends with its connection, and then looks
   whether it is still its run's turn (hold_turn). A row without a node at work for as long as
   `quiet_seconds` is that of a run that was killed: then the turn is taken from it. Why it is so:
   docs/decisions/0027-one-build-at-a-time.md. DuckDB locks its file by itself. Part of on-run-start. #}
{% macro take_turn() -%}
    {{ return(adapter.dispatch('take_turn', 'micdm')()) }}
{%- endmacro %}


{% macro default__take_turn() -%}
{%- endmacro %}


{% macro postgres__take_turn() -%}
    {% if execute and flags.WHICH in ('build', 'run', 'seed', 'retry') %}
        {% do micdm.wait_for_turn(is_taken=true) %}
        {% do micdm.check_no_load() %}
    {% endif %}
{%- endmacro %}


{# Stops the command with a sentence while another build is at work. #}
{% macro wait_for_turn(is_taken) -%}
    {% do run_query(micdm.turn_statement(is_taken) ~ '; commit') %}
    {% set busy = run_query("select nullif(current_setting('micdm.busy', true), '')").columns[0][0] %}
    {% if busy %}
        {% do exceptions.raise_compiler_error(busy) %}
    {% endif %}
{%- endmacro %}


{# Gives the turn back if `micdm load` or `load-vocabulary` is at work: a build would read some tables
   before it and some after. They look for a running build once they have their own lock, and we for
   their lock once the row is there: one of the two notices. #}
{% macro check_no_load() -%}
    {% set schemas = [var('raw_dicom_schema'), var('vocabulary_schema')] %}
    {% set loading = run_query(
        "select name from unnest(" ~ micdm.text_array(schemas) ~ ") as name"
        ~ " where exists ("
        ~ "select from pg_locks join pg_database on pg_database.oid = database"
        ~ " where datname = current_database() and locktype = 'advisory' and objsubid = 2"
        ~ " and classid::bigint = hashtext('micdm load')::bigint & 4294967295"
        ~ " and objid::bigint = hashtext(name)::bigint & 4294967295)"
    ).columns[0].values() %}
    {% if loading %}
        {% do run_query(micdm.end_turn() ~ '; commit') %}
        {% do exceptions.raise_compiler_error(
            'A `micdm load` is writing to schema ' ~ loading[0] ~ ': let it finish first.'
        ) %}
    {% endif %}
{%- endmacro %}


{# The schema that has the registries: two projects with two of them may build at once. #}
{% macro turn_schema() -%}
    {{ return(graph.nodes['model.micdm.image_occurrence_registry'].schema) }}
{%- endmacro %}


{# What Postgres knows the lock of the nodes by: two numbers. #}
{% macro turn_key() -%}
    {{ return("hashtext('micdm build'), hashtext(" ~ dbt.string_literal(micdm.turn_schema()) ~ ")") }}
{%- endmacro %}


{# Waits until it is clear whether another build lives, and notes what to tell the user as the setting
   micdm.busy. A node that began after we did is sure to be of a live run. One that is older may be
   the last statement of a killed run, which Postgres finishes before it notices. #}
{% macro turn_statement(is_taken, quiet_seconds=10, wait_seconds=15) -%}
    {% set schema = micdm.turn_schema() %}
    {% set table = adapter.quote(schema) ~ '.running_build' %}
do $turn$
declare
    began constant timestamptz := clock_timestamp();
    quiet_since timestamptz := clock_timestamp();
    other record;
    known text;
    last_start timestamptz;
begin
    perform set_config('micdm.busy', '', false);
    -- Those who look for their turn do so one after the other.
    if not pg_try_advisory_xact_lock(
        hashtext('micdm turn'), hashtext({{ dbt.string_literal(schema) }})
    ) then
        perform set_config(
            'micdm.busy', 'Another dbt run is about to build into this database: let it finish first.',
            false
        );
        return;
    end if;
    perform set_config('client_min_messages', 'warning', true);
    if to_regclass({{ dbt.string_literal(table) }}) is null then
        create schema if not exists {{ adapter.quote(schema) }};
        create table {{ table }} (
            invocation_id text primary key,
            user_name text not null default current_user,
            started_at timestamptz not null default clock_timestamp()
        );
    end if;
    loop
        select * into other from {{ table }}
        where invocation_id <> {{ dbt.string_literal(invocation_id) }}
        limit 1;
        if other is null and known is null then
            exit;
        end if;
        known := coalesce(known, format(
            'Another dbt run builds into this database, since %s UTC by %s: let it finish first.',
            to_char(other.started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), other.user_name
        ));
        perform pg_stat_clear_snapshot();
        select max(backend_start) into last_start
        from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and (
            -- Unit tests are nodes without a hook of ours: dbt's comment tells.
            query like '%"node\_id": "unit\_test.micdm.%'
            or exists (
                select from pg_locks
                where pg_locks.pid = pg_stat_activity.pid and locktype = 'advisory' and objsubid = 2
                    and (classid::bigint, objid::bigint) = (
                        hashtext('micdm build')::bigint & 4294967295,
                        hashtext({{ dbt.string_literal(schema) }})::bigint & 4294967295
                    )
            )
        );
        if last_start is not null then
            quiet_since := clock_timestamp();
        end if;
        -- Also if it ended meanwhile: dbt has looked before that at what there is.
        if other is null or last_start > began
            or clock_timestamp() > began + interval '{{ wait_seconds }} seconds' then
            perform set_config('micdm.busy', known, false);
            return;
        end if;
        exit when clock_timestamp() > quiet_since + interval '{{ quiet_seconds }} seconds';
        perform pg_sleep(0.05);
    end loop;
    -- From here on no node of the other run gets its lock; after the commit it finds a row not its own.
    if not pg_try_advisory_xact_lock({{ micdm.turn_key() }}) then
        perform set_config(
            'micdm.busy', 'Another dbt run builds into this database: let it finish first.', false
        );
        return;
    end if;
    {% if is_taken %}
    delete from {{ table }};
    insert into {{ table }} (invocation_id) values ({{ dbt.string_literal(invocation_id) }});
    {% endif %}
end
$turn$
{%- endmacro %}
