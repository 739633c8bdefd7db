{# The swap, as one statement of Postgres. Tables move and schemas stay: a schema keeps its rights, its
   default privileges and what it holds that is not ours.

   Locks are asked for half a second at a time, all or none: less than it takes Postgres to find a
   deadlock, so a reader between two of our tables is never the victim, and none waits for long. #}
{% macro swap_statement(schemas, relations, wait_seconds) -%}
do $swap$
declare
    until constant timestamptz := clock_timestamp() + interval '{{ wait_seconds }} seconds';
    moved oid[];
    replaced oid[];
    dependents oid[];
    statements text[];
    statement text;
    holders text;
begin
    perform set_config('search_path', 'pg_catalog', true);
    perform set_config('lock_timeout', '500ms', true);
    create temporary table swapped on commit drop as
    select
        quote_ident(final) as final,
        quote_ident(final || '_next') as next,
        quote_ident(final || '_before_swap') as before,
        to_regnamespace(quote_ident(final || '_next'))::oid as next_oid
    from unnest({{ micdm.text_array(schemas) }}) as final;

    for statement in
        select unnest(array['create schema if not exists ' || final, 'create schema ' || before])
        from pg_temp.swapped
    loop
        execute statement;
    end loop;

    -- What is new, and what has its name in the schema that is read.
    select array_agg(new.oid), array_agg(old.oid) filter (where old.oid is not null)
    into moved, replaced
    from pg_temp.swapped
    join pg_class as new
        on new.relnamespace = next_oid and new.relkind in ('r', 'p', 'v', 'm')
        and (select nspname from pg_namespace where oid = next_oid) || '.' || new.relname = any({{ micdm.text_array(relations) }})
    left join pg_class as old
        on old.relnamespace = to_regnamespace(final)::oid and old.relname = new.relname;
    replaced := coalesce(replaced, '{}');

    -- Views of others that read the old tables.
    select coalesce(array_agg(distinct one.oid), '{}')
    into dependents
    from pg_depend
    join pg_rewrite on pg_rewrite.oid = objid and classid = 'pg_rewrite'::regclass
    join pg_class as one on one.oid = ev_class
    where refclassid = 'pg_class'::regclass and refobjid = any(replaced)
        and one.relkind = 'v' and one.oid <> all(replaced || moved);

    loop
        begin
            for statement in
                select format('lock table %s in access exclusive mode', relation::regclass)
                from unnest(dependents || replaced) as relation
                join pg_class on oid = relation
                where relkind <> 'm'
            loop
                execute statement;
            end loop;
            exit;
        exception
            when lock_not_available or deadlock_detected then
                if clock_timestamp() > until then
                    select string_agg(distinct format('%s of %s', pid, usename), ', ')
                    into holders
                    from pg_locks join pg_stat_activity using (pid)
                    where relation = any(dependents || replaced) and granted
                        and pid <> pg_backend_pid();
                    raise exception 'swap_schemas: nothing was swapped. Transactions still read the old tables: process %.',
                        coalesce(holders, 'unknown');
                end if;
                perform pg_sleep(0.5);
        end;
    end loop;
    perform set_config('lock_timeout', '30s', true);

    -- Written down before anything moves: rights as on the old table, on a new one by default; and
    -- the views, by whose text they find the new tables.
    select array_agg(made) into statements from (
        select format(
            'grant %s on %s to %s%s', privilege_type, oid::regclass,
            case grantee when 0 then 'public' else grantee::regrole::text end,
            case when is_grantable then ' with grant option' else '' end
        ) as made
        from pg_class, aclexplode(relacl)
        where oid = any(replaced) and grantee <> relowner
        union all
        select format(
            'grant %s (%I) on %s to %s%s', privilege_type, attname, attrelid::regclass,
            case grantee when 0 then 'public' else grantee::regrole::text end,
            case when is_grantable then ' with grant option' else '' end
        )
        from pg_attribute
        cross join aclexplode(attacl)
        join pg_temp.swapped on true
        where attrelid = any(replaced)
            and exists (
                select from pg_attribute as other
                where attrelid in (
                    select new.oid from pg_class as new join pg_class as old using (relname)
                    where old.oid = pg_attribute.attrelid and new.relnamespace = next_oid
                )
                and other.attname = pg_attribute.attname
            )
        union all
        select format(
            'grant %s on %s.%I to %s%s', privilege_type, final, new.relname,
            case grantee when 0 then 'public' else grantee::regrole::text end,
            case when is_grantable then ' with grant option' else '' end
        )
        from pg_temp.swapped
        join pg_class as new on new.relnamespace = next_oid and new.oid = any(moved)
        join pg_default_acl
            on defaclnamespace = to_regnamespace(final)::oid and defaclobjtype = 'r'
            and defaclrole = new.relowner
        cross join aclexplode(defaclacl)
        where grantee <> new.relowner and not exists (
            select from pg_class as old
            where old.relname = new.relname and old.relnamespace = to_regnamespace(final)::oid
        )
        union all
        select format(
            'create or replace view %s%s as %s', oid::regclass,
            ' with (' || array_to_string(reloptions, ', ') || ')', pg_get_viewdef(oid)
        )
        from pg_class
        where oid = any(dependents)
    ) as written;

    for statement in
        select format('alter table %s set schema %s', oid::regclass, before)
        from pg_class join pg_temp.swapped on relnamespace = to_regnamespace(final)::oid
        where oid = any(replaced)
        union all
        select format('alter table %s set schema %s', oid::regclass, final)
        from pg_class join pg_temp.swapped on relnamespace = next_oid
        where oid = any(moved)
    loop
        execute statement;
    end loop;
    foreach statement in array coalesce(statements, '{}') loop
        execute statement;
    end loop;

    begin
        for statement in
            select format('drop %s %s', kind, string_agg(oid::regclass::text, ', '))
            from (values (1, 'v', 'view'), (2, 'm', 'materialized view'), (3, 'r', 'table'), (4, 'p', 'table'))
                as kinds (place, relkind_of, kind)
            join pg_class on relkind = relkind_of::"char"
            where oid = any(replaced)
            group by place, kind
            order by place
        loop
            execute statement;
        end loop;
        for statement in
            -- What a killed or an older build left beside the new tables goes with their schema.
            select unnest(array['drop schema ' || before, 'drop schema ' || next || ' cascade'])
            from pg_temp.swapped
        loop
            execute statement;
        end loop;
    exception
        when dependent_objects_still_exist then
            get stacked diagnostics holders = pg_exception_detail;
            raise exception 'swap_schemas: nothing was swapped, as something else depends on the old tables: %', holders;
    end;
end
$swap$
{%- endmacro %}


{% macro text_array(texts) -%}
    array[{% for text in texts %}{{ dbt.string_literal(text) }}{{ ', ' if not loop.last }}{% endfor %}]
{%- endmacro %}
