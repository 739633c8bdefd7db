-- What is recognised in each text: known phrases, the longest first, so that HEAD COIL is a coil
-- and no head, and COLONNA CERVICALE a spine and no neck. Words match whole, blanks apart (C SPINE
-- is CSPINE, if it is not too short to be sure), by their beginning (match_type prefix) or end
-- (suffix), or anywhere in the text (contains: scripts that put no blanks). A word of match_type
-- last counts at the end of the text only; one of match_type inside counts in an unknown word that
-- it does not begin, or in one that is known by its beginning only (CHEST1VIEWABDOMEN2VIEWS).

with

phrase as (
    select * from {{ ref('int_anatomy_phrase') }}
),

word as (
    select * from {{ ref('int_anatomy_word') }}
),

text as (
    select distinct
        plain_text,
        is_cut
    from {{ ref('int_anatomy_text') }}
),

exact_match as (
    select
        phrase.plain_text,
        phrase.place,
        phrase.word_count,
        -- The same word means more at the end of a text.
        length(word.word) + case when word.match_type = 'last' then 1 else 0 end as length,
        1 as match_order,
        word.word,
        word.kind,
        word.body_part
    from phrase
    inner join word
        on
            phrase.phrase = word.word
            and word.match_type in ('exact', 'prefix', 'suffix', 'last')
    where word.match_type <> 'last' or phrase.plain_text like '% ' || word.word
    union all
    select
        phrase.plain_text,
        phrase.place,
        phrase.word_count,
        length(word.word) as length,
        1 as match_order,
        word.word,
        word.kind,
        word.body_part
    from phrase
    inner join word
        on
            replace(phrase.phrase, ' ', '') = word.word
            and word.match_type in ('exact', 'prefix')
    where phrase.word_count > 1 and length(word.word) >= 5
),

-- What a compound word is stands at its end: KOPFSPULE is a coil.
suffix_match as (
    select
        phrase.plain_text,
        phrase.place,
        phrase.word_count,
        length(word.word) as length,
        1 as match_order,
        word.word,
        word.kind,
        word.body_part
    from phrase
    inner join word
        on
            word.match_type = 'suffix'
            and phrase.phrase like '%_' || word.word
    where phrase.word_count = 1
),

prefix_match as (
    select
        phrase.plain_text,
        phrase.place,
        phrase.word_count,
        length(word.word) as length,
        2 as match_order,
        word.word,
        word.kind,
        word.body_part
    from phrase
    inner join word
        on
            word.match_type = 'prefix'
            and phrase.word_count = word.word_count
            and substr(phrase.phrase, 1, 3) = substr(word.word, 1, 3)
            and phrase.phrase like word.word || '%'
),

-- The last word of a text that was cut: what all the words it may be the beginning of agree on.
last_place as (
    select
        phrase.plain_text,
        max(phrase.place) as place
    from phrase
    inner join text
        on phrase.plain_text = text.plain_text
    where text.is_cut and phrase.word_count = 1
    group by phrase.plain_text
),

cut_word as (
    select
        phrase.plain_text,
        phrase.place
    from phrase
    inner join last_place
        on
            phrase.plain_text = last_place.plain_text
            and phrase.place = last_place.place
    -- Fewer letters may begin too many words.
    where phrase.word_count = 1 and length(phrase.phrase) >= 3
),

cut_match as (
    select
        phrase.plain_text,
        phrase.place,
        phrase.word_count,
        length(phrase.phrase) as length,
        2 as match_order,
        phrase.phrase as word,
        max({{ micdm.byte_order('word.kind') }}) as kind,
        max({{ micdm.byte_order('word.body_part') }}) as body_part
    from phrase
    inner join cut_word
        on
            phrase.plain_text = cut_word.plain_text
            and phrase.place + phrase.word_count - 1 = cut_word.place
    inner join word
        on
            phrase.word_count = word.word_count
            and substr(phrase.phrase, 1, 3) = substr(word.word, 1, 3)
            and word.word like phrase.phrase || '%'
            and word.match_type in ('exact', 'prefix')
    group by phrase.plain_text, phrase.place, phrase.word_count, phrase.phrase
    having
        count(distinct coalesce(word.body_part, word.kind)) = 1
        and count(distinct word.kind) = 1
),

contained_match as (
    select
        text.plain_text,
        {{ dbt.position('word.word', 'text.plain_text') }} as place,
        1 as word_count,
        length(word.word) as length,
        3 as match_order,
        word.word,
        word.kind,
        word.body_part
    from text
    inner join word
        on
            word.match_type = 'contains'
            and text.plain_text like '%' || word.word || '%'
),

by_word as (
    select * from exact_match
    union all
    select * from suffix_match
    union all
    select * from prefix_match
    union all
    select * from cut_match
),

-- One meaning a run of words: the whole word before its beginning, the longest beginning first.
best_by_word as (
    select
        *,
        row_number() over (
            partition by plain_text, place, word_count
            order by match_order, length desc, {{ micdm.byte_order('word') }} asc
        ) as preference
    from by_word
),

-- Of two runs of as many words that overlap, the first counts.
best as (
    select one.*
    from best_by_word as one
    left join best_by_word as earlier
        on
            one.plain_text = earlier.plain_text
            and one.word_count = earlier.word_count
            and earlier.preference = 1
            and one.place > earlier.place
            and one.place < earlier.place + earlier.word_count
    where one.preference = 1 and earlier.plain_text is null
),

-- The longest first: what a kept run of words overlaps is not read again, and a run that is not
-- kept hides nothing.
kept_of_4 as (
    select * from best
    where word_count = 4
),

{% for word_count in [3, 2, 1] %}
kept_of_{{ word_count }} as (
    select best.*
    from best
    left join kept_of_{{ word_count + 1 }} as longer
        on
            best.plain_text = longer.plain_text
            and best.place + best.word_count > longer.place
            and best.place < longer.place + longer.word_count
    where best.word_count = {{ word_count }} and longer.plain_text is null
    union all
    select * from kept_of_{{ word_count + 1 }}
),

{% endfor %}
kept_inside as (
    select
        phrase.plain_text,
        phrase.place,
        phrase.word_count,
        2 as match_order,
        word.word,
        word.kind,
        word.body_part
    from phrase
    inner join word
        on
            word.match_type = 'inside'
            and phrase.phrase like '_%' || word.word || '%'
    left join kept_of_1 as known
        on
            phrase.plain_text = known.plain_text
            and phrase.place >= known.place
            and phrase.place < known.place + known.word_count
            and (known.match_order = 1 or known.kind <> 'region')
    where phrase.word_count = 1 and known.plain_text is null
),

kept_contained as (
    select one.*
    from contained_match as one
    left join contained_match as longer
        on
            one.plain_text = longer.plain_text
            and one.word <> longer.word
            and longer.word like '%' || one.word || '%'
    where longer.plain_text is null
)

select
    plain_text,
    place,
    word_count,
    match_order,
    word,
    kind,
    body_part
from kept_of_1
union all
select
    plain_text,
    place,
    word_count,
    match_order,
    word,
    kind,
    body_part
from kept_contained
union all
select
    plain_text,
    place,
    word_count,
    match_order,
    word,
    kind,
    body_part
from kept_inside
