{# The rows of a mapping seed, with the rows of a site's own table laid over them.

   A site names its table in the var `site_mapping`, e.g. {body_part: site_body_part}: any seed or
   model of its own project (the one that dbt runs) with the same columns, or, with a dot in the name,
   a table of the database such as imaging.episode_member. A row there wins over ours with the same
   key; no fork needed. #}
{% macro mapping_rows(seed, key, columns) %}
    {% set site_table = var('site_mapping').get(seed) %}
    {% if site_table %}
    {% set site_rows = micdm.site_relation(site_table) %}
    select {{ columns | join(', ') }} from {{ site_rows }}
    union all
    select {% for column in columns %}ours.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ ref('micdm', seed) }} as ours
    where not exists (
        select 1
        from {{ site_rows }} as site
        where {% for column in key %}site.{{ column }} = ours.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
    )
    {% else %}
    select {{ columns | join(', ') }} from {{ ref('micdm', seed) }}
    {% endif %}
{% endmacro %}
