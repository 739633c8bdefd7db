-- The concepts that micdm brings: those of the vocabulary seeds, and one for each attribute on the
-- attribute list and each derived parameter, so that a new one is one row there. `own_concept_id`
-- is the id that our seeds write, `concept_id` the one to use: where the site's vocabulary has the
-- same code, its id.

with

seed as (
    {% for seed in ['seed_concept', 'seed_concept_report'] %}
    select
        concept_id,
        concept_name,
        domain_id,
        vocabulary_id,
        concept_class_id,
        standard_concept,
        concept_code,
        valid_start_date,
        valid_end_date,
        invalid_reason
    from {{ ref(seed) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Nested and top-level places of one attribute share its concept.
attribute as (
    select
        concept_id,
        min({{ micdm.byte_order('name') }}) as concept_name,
        'Measurement' as domain_id,
        vocabulary_id,
        'DICOM Attributes' as concept_class_id,
        {{ micdm.null_of(dbt.type_string()) }} as standard_concept,
        concept_code,
        cast('1993-01-01' as date) as valid_start_date,
        cast('2099-12-31' as date) as valid_end_date,
        {{ micdm.null_of(dbt.type_string()) }} as invalid_reason
    from {{ ref('mapping_dicom_attribute') }}
    where concept_id is not null
    group by concept_id, vocabulary_id, concept_code
),

derived as (
    select
        concept_id,
        name as concept_name,
        'Measurement' as domain_id,
        vocabulary_id,
        'Undefined' as concept_class_id,
        {{ micdm.null_of(dbt.type_string()) }} as standard_concept,
        concept_code,
        cast('1970-01-01' as date) as valid_start_date,
        cast('2099-12-31' as date) as valid_end_date,
        {{ micdm.null_of(dbt.type_string()) }} as invalid_reason
    from {{ ref('mapping_derived_parameter') }}
    where concept_id is not null
),

own as (
    select * from seed
    union all
    select * from attribute
    union all
    select * from derived
),

-- Codes are unique within a vocabulary, but for what is no longer valid.
same_code as (
    select
        own.concept_id as own_concept_id,
        coalesce(
            min(case when site.invalid_reason is null then site.concept_id end),
            min(site.concept_id)
        ) as concept_id
    from own
    inner join {{ ref('stg_concept') }} as site
        on
            own.vocabulary_id = site.vocabulary_id
            and own.concept_code = site.concept_code
    group by own.concept_id
),

-- Where we do not know the code, the seed holds the id in its place.
same_id as (
    select own.concept_id as own_concept_id
    from own
    inner join {{ ref('stg_concept') }} as site
        on
            own.concept_id = site.concept_id
            and own.vocabulary_id = site.vocabulary_id
)

select
    own.concept_id as own_concept_id,
    coalesce(same_code.concept_id, own.concept_id) as concept_id,
    coalesce(same_code.own_concept_id, same_id.own_concept_id) is not null as is_in_site_vocabulary,
    own.concept_name,
    own.domain_id,
    own.vocabulary_id,
    own.concept_class_id,
    own.standard_concept,
    own.concept_code,
    own.valid_start_date,
    own.valid_end_date,
    own.invalid_reason
from own
left join same_code
    on own.concept_id = same_code.own_concept_id
left join same_id
    on own.concept_id = same_id.own_concept_id
