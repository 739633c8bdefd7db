{% test clear_of_site_ids(model, column_name, table) %}
-- Ids up to id_offset are the site's, those after it ours. A row of the site beyond it would be
-- taken for ours, today or when our ids get there; and one of ours may be from a lower offset.
select site.{{ column_name }}
from {{ ref('micdm', 'stg_cdm_' ~ table) }} as site
left join {{ model }} as registry
    on site.{{ column_name }} = registry.{{ column_name }}
where
    site.{{ column_name }} > {{ micdm.id_offset(table) }}
    or registry.{{ column_name }} is not null
{% endtest %}
