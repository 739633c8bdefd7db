{% test clear_of_site_ids(model, column_name, table) %}
-- An id of ours that a row of the site has too: var id_offset is too low for that table.
select registry.{{ column_name }}
from {{ model }} as registry
inner join {{ ref('micdm', 'stg_cdm_' ~ table) }} as site
    on registry.{{ column_name }} = site.{{ column_name }}
{% endtest %}
