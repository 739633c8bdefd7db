-- Seed sr_item_role by vocabulary: what a concept name says about the item that bears it.

select
    coalesce(coding_scheme.vocabulary_id, item_role.scheme) as vocabulary_id,
    item_role.code as concept_code,
    min({{ micdm.byte_order('item_role.role') }}) as role
from {{ ref('mapping_sr_item_role') }} as item_role
left join {{ ref('mapping_coding_scheme') }} as coding_scheme
    on item_role.scheme = coding_scheme.coding_scheme
group by coalesce(coding_scheme.vocabulary_id, item_role.scheme), item_role.code
