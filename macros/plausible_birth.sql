{# OHDSI's data quality checks take no person born before 1850 for real. #}
{% macro first_birth_year() -%}
    1850
{%- endmacro %}


{# Whether the birth date of an instance can be one: not before that year, and not after the image
   was made. What is no such date is a placeholder. #}
{% macro is_plausible_birth_date(instance, series) -%}
    {{ instance }}.patient_birth_date between cast('{{ micdm.first_birth_year() }}-01-01' as date)
    and {{ series }}.image_date
{%- endmacro %}
