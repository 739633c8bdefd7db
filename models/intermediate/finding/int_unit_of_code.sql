-- Units as reports and results write them, and the UCUM unit that each is: by seed unit_alias,
-- else UCUM's own code. NULL is a plain number: so is a code that is all comment, such as
-- {events}, which is the unit 1 (UCUM, section 12).

with

written as (
    select distinct
        unit_scheme,
        unit_source_code
    from {{ ref('int_report_item') }}
    where unit_source_code is not null
    union
    select distinct
        'UCUM' as unit_scheme,
        unit as unit_source_code
    from {{ ref('stg_algorithm_result') }}
    where unit is not null
),

alias as (
    select
        {{ micdm.scheme_key('scheme') }} as scheme_key,
        unit,
        min({{ micdm.byte_order('unit_code') }}) as unit_code
    from {{ ref('mapping_unit_alias') }}
    group by {{ micdm.scheme_key('scheme') }}, unit
),

ucum as (
    select * from {{ ref('int_concept_of_code') }}
    where vocabulary_id = 'UCUM'
),

named as (
    select
        written.unit_scheme,
        written.unit_source_code,
        -- An alias without a unit says that the number is a plain one.
        case
            when own_alias.unit is not null then own_alias.unit_code
            when any_alias.unit is not null then any_alias.unit_code
            else written.unit_source_code
        end as unit_code
    from written
    left join alias as own_alias
        on
            {{ micdm.scheme_key('written.unit_scheme') }} = own_alias.scheme_key
            and written.unit_source_code = own_alias.unit
    left join alias as any_alias
        on
            any_alias.scheme_key = '*'
            and written.unit_source_code = any_alias.unit
)

select
    named.unit_scheme,
    named.unit_source_code,
    case
        when
            ucum.concept_id is null
            and substr(named.unit_code, 1, 1) = '{'
            and {{ dbt.position("'}'", 'named.unit_code') }} = length(named.unit_code)
            then null
        else named.unit_code
    end as unit_code,
    ucum.concept_id,
    coalesce(ucum.standard_concept_id, ucum.concept_id) as unit_concept_id
from named
left join ucum
    on named.unit_code = ucum.concept_code
