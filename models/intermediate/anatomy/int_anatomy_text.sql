-- The distinct texts that may name a body part, made comparable. A text is resolved once, however
-- many series have it.

{# A sign that plain_text leaves alone. #}
{% set listed = "replace(replace(value_text, '/', ' ¦ '), '+', ' ¦ ')" %}

with

stated as (
    select * from {{ ref('int_series_anatomy_text') }}
)

select
    path,
    value_text,
    {{ micdm.plain_text('value_text') }} as plain_text,
    -- The same with a sign between the words of a list, such as CHEST/ABD.
    ' ' || {{ micdm.plain_text(listed) }} || ' ' as listed_text,
    -- Body Part Examined holds 16 characters (VR CS): a longer text was cut there (15, if it was
    -- padded), so that its last word may be the beginning of one.
    path = 'BodyPartExamined' and length(value_text) >= 15 as is_cut
from stated
group by path, value_text
