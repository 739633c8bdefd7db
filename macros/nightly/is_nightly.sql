{# What build_plan decided. A build of some models only goes on as the last plan says: the working
   tables hold what that one read. #}
{% macro is_nightly() -%}
    {% set plan = micdm.nightly_relation('build_plan') %}
    {% set nightly = execute and load_relation(plan) is not none and run_query('select mode from ' ~ plan).rows[0][0] == 'nightly' %}
    {% if nightly and flags.FULL_REFRESH %}
        {% do exceptions.raise_compiler_error(
            'The working tables hold only what the last nightly run read: with --full-refresh build'
            ~ ' everything, without --select.'
        ) %}
    {% endif %}
    {{ return(nightly) }}
{%- endmacro %}
