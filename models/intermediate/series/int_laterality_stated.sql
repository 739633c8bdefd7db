-- What the headers of an image series say about the side: the modifier of the coded region, Image
-- Laterality, the frames', the series' Laterality, the word in Body Part Examined (KNEE LT).
-- `laterality` is NULL where nobody knows what the value means.

with

laterality as (
    select * from {{ ref('mapping_laterality') }}
),

-- A term that the seed has itself is no synonym.
word as (
    select
        laterality as stated_value,
        laterality
    from laterality
    union all
    select
        {{ micdm.plain_text('another.synonym') }} as stated_value,
        min({{ micdm.byte_order('another.laterality') }}) as laterality
    from {{ ref('mapping_laterality_synonym') }} as another
    left join laterality as term
        on {{ micdm.plain_text('another.synonym') }} = term.laterality
    where term.laterality is null
    group by {{ micdm.plain_text('another.synonym') }}
),

attribute_value as (
    select
        series_value.series_instance_uid,
        series_value.path as laterality_source,
        series_value.value_key as laterality_source_value,
        word.laterality,
        case series_value.path
            when 'ImageLaterality' then 2
            when 'FrameLaterality' then 3
            else 4
        end as source_order
    from {{ ref('int_series_value') }} as series_value
    inner join {{ ref('mapping_dicom_attribute') }} as attribute
        on series_value.path = attribute.path
    left join word
        on {{ micdm.plain_text('series_value.value_key') }} = word.stated_value
    where attribute.role = 'laterality'
),

-- Most modifiers of a region are no side.
modifier as (
    select
        series_value.series_instance_uid,
        series_value.path as laterality_source,
        series_value.value_key as laterality_source_value,
        laterality.laterality,
        1 as source_order
    from {{ ref('int_series_value') }} as series_value
    left join {{ ref('int_coded_entry') }} as entry
        on
            series_value.coding_scheme = entry.coding_scheme
            and series_value.value_key = entry.code_value
    inner join laterality
        on
            (
                entry.vocabulary_id = laterality.vocabulary_id
                and entry.concept_code = laterality.concept_code
            )
            or (series_value.coding_scheme <> '' and series_value.value_key = laterality.srt_code)
    where series_value.path = 'AnatomicRegionSequence.AnatomicRegionModifierSequence'
),

body_part_word as (
    select
        series_text.series_instance_uid,
        series_text.path as laterality_source,
        series_text.value_text as laterality_source_value,
        named.laterality,
        5 as source_order
    from {{ ref('int_series_anatomy_text') }} as series_text
    inner join {{ ref('int_anatomy_of_text') }} as named
        on
            series_text.path = named.path
            and series_text.value_text = named.value_text
    where named.path = 'BodyPartExamined' and named.laterality is not null
)

select * from modifier
union all
select * from attribute_value
union all
select * from body_part_word
