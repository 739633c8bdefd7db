-- The words of each text, and its runs of up to four words, with their place.

{% set most_words = 32 %}

with

text as (
    select distinct plain_text
    from {{ ref('int_anatomy_text') }}
),

place as (
    {% for place in range(1, most_words + 1) %}
    select {{ place }} as place
    {{- ' union all' if not loop.last }}
    {% endfor %}
),

word as (
    select
        text.plain_text,
        place.place,
        split_part(text.plain_text, ' ', place.place) as word
    from text
    inner join place
        on place.place <= length(text.plain_text) - length(replace(text.plain_text, ' ', '')) + 1
),

run_of_words as (
    select
        plain_text,
        place,
        1 as word_count,
        word as phrase
    from word
    {% for more in range(1, 4) %}
    union all
    select
        first_word.plain_text,
        first_word.place,
        {{ more + 1 }} as word_count,
        first_word.word
        {% for step in range(1, more + 1) %}
        || ' ' || word_{{ step }}.word
        {% endfor %}
            as phrase
    from word as first_word
    {% for step in range(1, more + 1) %}
    inner join word as word_{{ step }}
        on
            first_word.plain_text = word_{{ step }}.plain_text
            and first_word.place + {{ step }} = word_{{ step }}.place
    {% endfor %}
    {% endfor %}
)

select
    plain_text,
    place,
    word_count,
    phrase
from run_of_words
where phrase <> ''
