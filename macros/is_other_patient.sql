{# True when two rows name different patients: another Patient ID, or another issuer of it where both
   name one. #}
{% macro is_other_patient(one, other) -%}
    {{ one }}.patient_id <> {{ other }}.patient_id
    or (
        {{ one }}.issuer_of_patient_id <> {{ other }}.issuer_of_patient_id
        and {{ one }}.issuer_of_patient_id <> ''
        and {{ other }}.issuer_of_patient_id <> ''
    )
{%- endmacro %}
