{# After a build: `dbt run-operation add_constraints` gives the tables of schema omop their keys and
   indices and has them analyzed (docs/postgres.md). Again and again: what is there stays. #}
{% macro add_constraints() -%}
    {{ return(adapter.dispatch('add_constraints', 'micdm')()) }}
{%- endmacro %}


{% macro default__add_constraints() -%}
    {% do log('add_constraints: nothing to do on ' ~ target.type ~ '. It is for Postgres.', info=true) %}
{%- endmacro %}


{# One transaction a step, so that no lock is held for long. A key that the rows break is not made,
   or stays NOT VALID, and is told at the end with a count. #}
{% macro postgres__add_constraints() -%}
    {% do micdm.keep_turn() %}
    {% set keys = micdm.tables_with_keys() %}
    {% for key in keys if key['primary'] %}
        {% do micdm.add_primary_key(key) %}
    {% endfor %}
    {% for key in keys %}
        {% for column in key['indices'] | unique if column != key['primary'] %}
            {% set name = ('idx_' ~ key['relation'].identifier ~ '_' ~ column)[:63] %}
            {% do run_query(
                'create index if not exists ' ~ name ~ ' on ' ~ key['relation'] ~ ' (' ~ column ~ '); commit'
            ) %}
        {% endfor %}
        {% for foreign in key['foreign'] if foreign['target'] in keys %}
            {% do micdm.add_foreign_constraint(key['relation'], foreign) %}
        {% endfor %}
        {% do run_query('analyze ' ~ key['relation'] ~ '; commit') %}
    {% endfor %}
    {% do micdm.report_constraints(keys) %}
{%- endmacro %}


{# The declared keys of those models that are tables in the database: a view has none. #}
{% macro tables_with_keys() -%}
    {% set found = run_query(
        "select schemaname || '.' || tablename from pg_catalog.pg_tables"
    ).columns[0].values() %}
    {% set keys = [] %}
    {% for key in micdm.declared_keys().values()
        if key['relation'].schema ~ '.' ~ key['relation'].identifier in found %}
        {% do keys.append(key) %}
    {% endfor %}
    {{ return(keys) }}
{%- endmacro %}


{# The index first, which lets readers read; then the key, which takes a moment. #}
{% macro add_primary_key(key) -%}
    {% set name = 'xpk_' ~ key['relation'].identifier %}
    {% do run_query("
        do $$
        begin
            if not exists (
                select from pg_catalog.pg_constraint
                where conrelid = '" ~ key['relation'] ~ "'::regclass and contype = 'p'
            ) then
                create unique index " ~ name ~ " on " ~ key['relation'] ~ " (" ~ key['primary'] ~ ");
                alter table " ~ key['relation'] ~ "
                    add constraint " ~ name ~ " primary key using index " ~ name ~ ";
            end if;
        exception
            when unique_violation then null;
        end
        $$; commit") %}
{%- endmacro %}


{# NOT VALID first: a short lock, and no row is read. To validate reads all and stops nobody. Without
   a primary key there, which is told of itself, there can be no foreign key to it. #}
{% macro add_foreign_constraint(relation, foreign) -%}
    {% do run_query("
        do $$
        begin
            if not exists (
                select from pg_catalog.pg_constraint
                where conrelid = '" ~ relation ~ "'::regclass and conname = '" ~ foreign['name'] ~ "'
            ) then
                alter table " ~ relation ~ " add constraint " ~ foreign['name'] ~ "
                    foreign key (" ~ foreign['column'] ~ ")
                    references " ~ foreign['target']['relation'] ~ " (" ~ foreign['field'] ~ ") not valid;
            end if;
        exception
            when invalid_foreign_key then null;
        end
        $$; commit") %}
    {% do run_query("
        do $$
        begin
            alter table " ~ relation ~ " validate constraint " ~ foreign['name'] ~ ";
        exception
            when foreign_key_violation or undefined_object then null;
        end
        $$; commit") %}
{%- endmacro %}


{# Stops with a sentence for each key that rows of ours break. A fault in rows of the site, or one of
   which the data test only warns, is told and no more: the foreign key stays NOT VALID. #}
{% macro report_constraints(keys) -%}
    {% set valid = run_query(
        "select nspname || '.' || relname || '.' || conname from pg_catalog.pg_constraint"
        ~ " join pg_catalog.pg_class on pg_class.oid = conrelid"
        ~ " join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace"
        ~ " where contype in ('p', 'f') and convalidated"
    ).columns[0].values() %}
    {% set faults, notes = [], [] %}
    {% for key in keys %}
        {% set relation = key['relation'] %}
        {% set table = relation.schema ~ '.' ~ relation.identifier %}
        {% set name = 'xpk_' ~ relation.identifier %}
        {% if key['primary'] and table ~ '.' ~ name not in valid %}
            {% set query = 'select count(*) from (select 1 from %s group by ' ~ key['primary']
                ~ ' having count(*) > 1) as repeated' %}
            {% set fault = table ~ ': no primary key ' ~ name ~ ', as ' ~ micdm.count_in(query, relation)
                ~ ' values of ' ~ key['primary'] ~ ' stand in more than one row.' %}
            {% set ours = micdm.count_in(query, micdm.own_rows(relation)) %}
            {% do (faults if ours else notes).append(fault) %}
        {% endif %}
        {% for foreign in key['foreign']
            if foreign['target'] in keys and table ~ '.' ~ foreign['name'] not in valid %}
            {% set there = foreign['target']['relation'] %}
            {% set query = 'select count(*) from (select ' ~ foreign['column'] ~ ' as id from %s) as one'
                ~ ' where id is not null and not exists (select from ' ~ there ~ ' as other where other.'
                ~ foreign['field'] ~ ' = one.id)' %}
            {% set fault = table ~ ': the foreign key ' ~ foreign['name'] ~ ' does not hold, as '
                ~ micdm.count_in(query, relation) ~ ' rows have a ' ~ foreign['column']
                ~ ' that is not in ' ~ there.schema ~ '.' ~ there.identifier ~ '.' %}
            {% set ours = foreign['severity'] == 'error'
                and micdm.count_in(query, micdm.own_rows(relation)) %}
            {% do (faults if ours else notes).append(fault) %}
        {% endfor %}
    {% endfor %}
    {% for note in notes %}
        {% do log(note ~ ' Left as it is.', info=true) %}
    {% endfor %}
    {% if faults %}
        {% do exceptions.raise_compiler_error(faults | join('\n')) %}
    {% endif %}
    {% do log('add_constraints: ' ~ keys | length ~ ' tables have their keys.', info=true) %}
{%- endmacro %}


{# The number that a query gives, with this in the place of %s. #}
{% macro count_in(query, rows) -%}
    {{ return(run_query(query | replace('%s', rows | string)).columns[0][0]) }}
{%- endmacro %}
