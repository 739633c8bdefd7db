-- Our word for a body part gives the site that our row says, and is no longer on the worklist.

select
    detail.anatomic_site_source_value as word,
    detail.anatomic_site_status as found
from {{ ref('micdm', 'image_occurrence_detail') }} as detail
inner join {{ ref('micdm', 'image_occurrence') }} as image
    on detail.image_occurrence_id = image.image_occurrence_id
left join {{ ref('micdm', 'concept') }} as site
    on image.anatomic_site_concept_id = site.concept_id
where
    detail.anatomic_site_source_value = 'PARTIALBODY'
    and (site.concept_code is null or site.concept_code <> '38266002')
union all
select
    source_value as word,
    'unmapped' as found
from {{ ref('micdm', 'unmapped_value') }}
where source_value = 'PARTIALBODY'
