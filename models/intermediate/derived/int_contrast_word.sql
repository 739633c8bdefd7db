-- What a text about contrast says: yes, no, or unknown, by the longest word or phrase of seed
-- contrast_word that it is or begins with. A text without any names an agent or a route.

with

word as (
    select
        {{ micdm.plain_text('word') }} as word,
        match_type,
        min({{ micdm.byte_order('answer') }}) as answer
    from {{ ref('mapping_contrast_word') }}
    group by {{ micdm.plain_text('word') }}, match_type
),

stated as (
    select distinct contrast_text
    from {{ ref('int_contrast_stated') }}
    where contrast_text is not null
),

compared as (
    select
        contrast_text,
        {{ micdm.plain_text('contrast_text') }} as contrast_words
    from stated
),

ranked as (
    select
        compared.contrast_text,
        compared.contrast_words,
        word.answer,
        row_number() over (
            partition by compared.contrast_text
            order by
                length(word.word) desc,
                {{ micdm.byte_order('word.match_type') }},
                {{ micdm.byte_order('word.answer') }}
        ) as preference
    from compared
    left join word
        on
            compared.contrast_words = word.word
            or (
                word.match_type = 'prefix'
                and compared.contrast_words like word.word || ' %'
            )
)

select
    contrast_text,
    case
        when contrast_words = '' then 'unknown'
        else coalesce(answer, 'yes')
    end as answer
from ranked
where preference = 1
