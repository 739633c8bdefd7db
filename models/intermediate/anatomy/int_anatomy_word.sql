-- Every word or phrase that says something about where in the body: the seed anatomy_word (in many
-- languages), and the defined terms of Body Part Examined themselves, as DICOM writes them
-- (ABDOMENPELVIS) and as it explains them (ABDOMEN AND PELVIS). Words with accents also as they
-- look when an archive has lost these letters: Sch?del, which plain_text makes SCH DEL.

{% set accented = (
    '[àáâãäåāăąçćčďđèéêëēėęěğìíîïīįıłñńňòóôõöøōőŕřśşšșťțùúûüūůűųýÿźżžßæœ'
    ~ 'ÀÁÂÃÄÅĀĂĄÇĆČĎĐÈÉÊËĒĖĘĚĞÌÍÎÏĪĮİŁÑŃŇÒÓÔÕÖØŌŐŔŘŚŞŠȘŤȚÙÚÛÜŪŮŰŲÝŸŹŻŽÆŒ]'
) %}

with

given as (
    select
        {{ micdm.plain_text('word') }} as word,
        {{ micdm.plain_text(micdm.regexp_replace_all('word', accented, ' ')) }} as lossy_word,
        match_type,
        kind,
        body_part
    from {{ ref('mapping_anatomy_word') }}
),

body_part as (
    select * from {{ ref('mapping_body_part') }}
),

term as (
    select
        body_part as word,
        kind,
        body_part
    from body_part
    union all
    select
        {{ micdm.plain_text('meaning') }} as word,
        kind,
        body_part
    from body_part
    union all
    select
        spelling.synonym as word,
        body_part.kind,
        body_part.body_part
    from {{ ref('mapping_body_part_synonym') }} as spelling
    inner join body_part
        on spelling.body_part = body_part.body_part
),

-- One meaning a word: the seed's own, else the term, else an explanation (several terms may share
-- one: the first in byte order).
everything as (
    select
        word,
        match_type,
        case kind when 'anatomy' then 'region' else kind end as kind,
        body_part,
        1 as preference
    from given
    union all
    select
        lossy_word as word,
        match_type,
        case kind when 'anatomy' then 'region' else kind end as kind,
        body_part,
        4 as preference
    from given
    -- What is left must be enough to tell.
    where
        lossy_word <> word
        and (
            (match_type = 'exact' and length(replace(lossy_word, ' ', '')) >= 5)
            or (match_type = 'exact' and lossy_word like '_ ___%')
            or (match_type = 'prefix' and length(replace(lossy_word, ' ', '')) >= 6)
        )
        and length(lossy_word) - length(replace(lossy_word, ' ', '')) <= 3
    union all
    select
        word,
        'exact' as match_type,
        case kind when 'anatomy' then 'region' else kind end as kind,
        body_part,
        case when word = body_part then 2 else 3 end as preference
    from term
),

ranked as (
    select
        *,
        row_number() over (
            partition by word, match_type
            order by
                preference, {{ micdm.byte_order("coalesce(body_part, '')") }}
        ) as choice
    from everything
    where word <> ''
)

select
    word,
    match_type,
    kind,
    body_part,
    length(word) - length(replace(word, ' ', '')) + 1 as word_count
from ranked
where choice = 1
