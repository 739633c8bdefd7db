-- Seed sr_rule by vocabulary: which items of which reports open a group, and of what kind.

select
    rule.root_code = '*' as is_any_root,
    coalesce(root_scheme.vocabulary_id, rule.root_scheme) as root_vocabulary_id,
    rule.root_code,
    coalesce(group_scheme.vocabulary_id, rule.group_scheme) as group_vocabulary_id,
    rule.group_code,
    nullif(rule.value_type, '') as value_type,
    rule.group_kind,
    rule.link,
    rule.modality
from {{ ref('mapping_sr_rule') }} as rule
left join {{ ref('mapping_coding_scheme') }} as root_scheme
    on rule.root_scheme = root_scheme.coding_scheme
left join {{ ref('mapping_coding_scheme') }} as group_scheme
    on rule.group_scheme = group_scheme.coding_scheme
