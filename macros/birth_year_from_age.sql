{# Year of birth from a date and a DICOM age string (PS3.5 section 6.2, VR AS: nnnD, nnnW, nnnM or
   nnnY; checked when it was read). In years it can be off by one, as an age is. #}
{% macro birth_year_from_age(date_column, age_column) -%}
    {% set number = 'cast(substr(' ~ age_column ~ ', 1, 3) as integer)' %}
    {% set year = 'cast(extract(year from ' ~ date_column ~ ') as integer)' %}
    {% set month = 'cast(extract(month from ' ~ date_column ~ ') as integer)' %}
    case substr({{ age_column }}, 4, 1)
        when 'Y' then {{ year }} - {{ number }}
        when 'M'
            then cast(floor(({{ year }} * 12 + {{ month }} - 1 - {{ number }}) / 12.0) as integer)
        when 'W'
            then cast(
                extract(year from {{ dbt.dateadd('day', '-7 * ' ~ number, date_column) }}) as integer
            )
        when 'D'
            then cast(
                extract(year from {{ dbt.dateadd('day', '-1 * ' ~ number, date_column) }}) as integer
            )
    end
{%- endmacro %}
