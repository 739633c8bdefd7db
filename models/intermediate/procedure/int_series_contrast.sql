-- Series whose headers say whether a contrast agent was given: `yes` or `no`. Most that had none
-- say nothing, so silence is no row here.

with

stated as (
    select
        series_instance_uid,
        case
            when path in ('ContrastBolusVolume', 'ContrastBolusTotalDose') and value_number = 0
                then 'no'
            when path = 'ContrastBolusAgent' and {{ micdm.plain_text('value_text') }} in (
                'NO', 'NONE', 'N', 'NO CONTRAST', 'WITHOUT', 'WITHOUT CONTRAST', 'NATIVE', 'NATIV'
            )
                then 'no'
            else 'yes'
        end as contrast
    from {{ ref('int_series_value') }}
    where
        (
            path in ('ContrastBolusAgent', 'ContrastBolusAgentSequence')
            and value_key not in ('UNKNOWN', 'Unknown', 'unknown')
        )
        or (path in ('ContrastBolusVolume', 'ContrastBolusTotalDose') and value_number >= 0)
)

select
    series_instance_uid,
    max(contrast) as contrast
from stated
group by series_instance_uid
