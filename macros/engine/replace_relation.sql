{# dbt's own materialization on DuckDB, in one statement. dbt renames twice and drops by a macro each,
   which takes it longer than most tables: a nightly run of 250 models is mostly that. #}
{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {{ return(micdm.replace_relation('table')) }}
{% endmaterialization %}


{# A view in the same way. #}
{% materialization view, adapter='duckdb', supported_languages=['sql'] %}
    {{ return(micdm.replace_relation('view')) }}
{% endmaterialization %}


{# Makes a model beside what is there, which it may read, and puts it in its place. #}
{% macro replace_relation(type) -%}
    {% set existing = load_cached_relation(this) %}
    {% set target = this.incorporate(type=type) %}
    {% set beside = make_intermediate_relation(target) %}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') -%}
        drop {{ type }} if exists {{ beside }};
        {% if type == 'view' %}
            {{ create_view_as(beside, sql) }}
        {% else %}
            {{ create_table_as(False, beside, sql) }}
        {% endif %}
        {% if existing %}
            drop {{ existing.type }} if exists {{ existing }};
        {% endif %}
        alter {{ type }} {{ beside }} rename to {{ adapter.quote(target.identifier) }}
    {%- endcall %}
    {% do create_indexes(target) if type == 'table' %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(target, config.get('grants'), should_revoke(existing, full_refresh_mode=True)) %}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{%- endmacro %}
