-- One row per text: the body part it names, or why none can be said. Regions that contain another
-- named region are dropped (HEAD BRAIN is the brain); what is left is one part, or a combination
-- that DICOM has a term for (CHEST ABDOMEN PELVIS), or it abstains: a wrong site is worse than
-- none. A phantom or specimen is no anatomy, whatever region it stands for (CHEST PHANTOM); a
-- region that is said not to be meant (NO CHEST, SEE CHEST) makes the text abstain, and so does a
-- word that may be another region (CH), a range (HIP TO KNEE), and an unknown word that is listed
-- with a region (CHEST/XYZ).

with

text as (
    select * from {{ ref('int_anatomy_text') }}
),

found as (
    select * from {{ ref('int_anatomy_match') }}
),

region as (
    select distinct
        plain_text,
        body_part
    from found
    where kind = 'region'
),

region_count as (
    select
        plain_text,
        count(*) as region_count
    from region
    group by plain_text
),

containing as (
    select * from {{ ref('int_body_part_ancestor') }}
),

innermost as (
    select
        region.plain_text,
        region.body_part
    from region
    where not exists (
        select 1
        from region as inner_region
        inner join containing
            on inner_region.body_part = containing.body_part
        where
            inner_region.plain_text = region.plain_text
            and containing.ancestor = region.body_part
    )
),

combined as (
    select
        plain_text,
        count(*) as part_count,
        {{ dbt.listagg('body_part', "'+'", 'order by ' ~ micdm.byte_order('body_part')) }} as parts
    from innermost
    group by plain_text
),

side as (
    select
        plain_text,
        count(distinct body_part) as side_count,
        min({{ micdm.byte_order('body_part') }}) as laterality
    from found
    where kind = 'laterality'
    group by plain_text
),

no_anatomy as (
    select
        plain_text,
        max(case when kind = 'object' then 1 else 0 end) = 1 as is_object
    from found
    where kind in ('not_anatomy', 'object')
    group by plain_text
),

-- The region right after the word; in a script without blanks, anywhere.
negated as (
    select distinct negation.plain_text
    from found as negation
    inner join found as meant
        on
            negation.plain_text = meant.plain_text
            and meant.kind = 'region'
            and (
                negation.match_order = 3
                or (
                    meant.match_order < 3
                    and negation.place + negation.word_count = meant.place
                )
            )
    where negation.kind = 'negation'
),

doubtful as (
    select plain_text
    from found
    where kind = 'doubt'
    union
    select scale.plain_text
    from found as scale
    inner join found as first_end
        on
            scale.plain_text = first_end.plain_text
            and first_end.kind = 'region'
            and first_end.place + first_end.word_count = scale.place
    inner join found as last_end
        on
            scale.plain_text = last_end.plain_text
            and last_end.kind = 'region'
            and scale.place + scale.word_count = last_end.place
    where scale.kind = 'range'
),

-- The first letter of a word that was cut off: NECK/CHEST/ABD/P. C begins CONTRAST as a rule.
cut_letter as (
    select distinct plain_text
    from text
    where is_cut and plain_text like '% _' and plain_text not like '% C'
),

-- Words that are not known. Those of two letters or more may change what the others mean; a
-- single one, or one with a digit in it, is an abbreviation of the protocol as a rule.
unknown_word as (
    select
        word.plain_text,
        word.place,
        word.phrase,
        (
            length(word.phrase) >= 2
            or (
                cut_letter.plain_text is not null
                and word.plain_text like '% ' || word.phrase
            )
        )
        and translate(word.phrase, '0123456789', '') = word.phrase as may_matter
    from {{ ref('int_anatomy_phrase') }} as word
    left join cut_letter
        on word.plain_text = cut_letter.plain_text
    where
        word.word_count = 1
        and translate(word.phrase, '0123456789', '') <> ''
        and not exists (
            select 1
            from found
            where
                found.plain_text = word.plain_text
                and (
                    (
                        found.match_order < 3
                        and found.place <= word.place
                        and word.place < found.place + found.word_count
                    )
                    or (
                        found.match_order = 3
                        and (
                            word.phrase like '%' || found.word || '%'
                            or found.word like '%' || word.phrase || '%'
                        )
                    )
                )
        )
),

unknown as (
    select
        plain_text,
        sum(case when may_matter then 1 else 0 end) as unknown_count,
        {{ dbt.listagg('phrase', "', '", 'order by place') }} as words
    from unknown_word
    group by plain_text
),

listed_unknown as (
    select distinct
        text.path,
        text.value_text
    from text
    inner join unknown_word
        on
            text.plain_text = unknown_word.plain_text
            and unknown_word.may_matter
            and (
                text.listed_text like '% ¦ ' || unknown_word.phrase || ' %'
                or text.listed_text like '% ' || unknown_word.phrase || ' ¦ %'
            )
),

matched as (
    select
        plain_text,
        {{ dbt.listagg('word', "', '", 'order by place, ' ~ micdm.byte_order('word')) }} as words
    from found
    where kind in ('region', 'not_anatomy', 'object', 'negation', 'doubt', 'range')
    group by plain_text
),

read as (
    select
        text.path,
        text.value_text,
        case
            when combined.part_count = 1 then combined.parts
            else combination.body_part
        end as body_part,
        case when side.side_count = 1 then side.laterality end as laterality,
        coalesce(combined.part_count, 0) as part_count,
        coalesce(region_count.region_count, 0) as region_count,
        no_anatomy.plain_text is not null as says_no_anatomy,
        coalesce(no_anatomy.is_object, false) as is_object,
        negated.plain_text is not null as is_negated,
        doubtful.plain_text is not null as is_doubtful,
        listed_unknown.value_text is not null as lists_unknown,
        matched.words as matched_words,
        unknown.words as unknown_words,
        cast(coalesce(unknown.unknown_count, 0) as integer) as unknown_count,
        -- What stands in Body Part Examined should be one; other texts tell many things.
        text.path = 'BodyPartExamined' as is_body_part
    from text
    left join combined
        on text.plain_text = combined.plain_text
    left join {{ ref('mapping_body_part_combination') }} as combination
        on combined.parts = combination.parts
    left join region_count
        on text.plain_text = region_count.plain_text
    left join side
        on text.plain_text = side.plain_text
    left join no_anatomy
        on text.plain_text = no_anatomy.plain_text
    left join negated
        on text.plain_text = negated.plain_text
    left join doubtful
        on text.plain_text = doubtful.plain_text
    left join listed_unknown
        on
            text.path = listed_unknown.path
            and text.value_text = listed_unknown.value_text
    left join matched
        on text.plain_text = matched.plain_text
    left join unknown
        on text.plain_text = unknown.plain_text
),

judged as (
    select
        read.*,
        case
            when read.is_object then 'not_anatomy'
            when read.is_negated then 'abstained'
            when read.part_count > 0 and read.is_doubtful then 'abstained'
            when read.part_count > 0 and read.body_part is null then 'abstained'
            -- The unknown word may be another region, or the one that says which.
            when
                read.unknown_count > 0
                and (open_part.any_text or (open_part.any_text = false and read.is_body_part))
                then 'abstained'
            when
                read.lists_unknown
                and (open_part.body_part is not null or read.region_count > 1)
                then 'abstained'
            when read.part_count > 0 then 'mapped'
            when
                read.says_no_anatomy and (read.is_body_part or read.unknown_count = 0)
                then 'not_anatomy'
            else 'unmapped'
        end as status
    from read
    left join {{ ref('mapping_body_part_open') }} as open_part
        on read.body_part = open_part.body_part
)

select
    path,
    value_text,
    case when status = 'mapped' then body_part end as body_part,
    laterality,
    status,
    matched_words,
    unknown_words,
    unknown_count
from judged
