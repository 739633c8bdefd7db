-- Acquisition parameters that become image features, with their ids. The paper makes each a feature
-- and a measurement; a site may want measurements only (var acquisition_parameters).

select
    registry.image_feature_id,
    parameter.*
from {{ ref('int_acquisition_parameter') }} as parameter
inner join {{ ref('image_feature_registry') }} as registry
    on {{ micdm.same_feature('parameter', 'registry') }}
{% if var('acquisition_parameters') == 'measurement_only' %}
where 1 = 0
{% endif %}
