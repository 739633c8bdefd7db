-- One row per orientation in a header: the normal of the image (PS3.3 C.7.6.2.1.1) and the plane it
-- is in. The normal is turned so that its largest part is positive: whether the slices go up or
-- down, they are parallel.

{% set least_cosine = 0.8 %}
{% set most_deviation = 0.1 %}

with

-- The six values are row x y z, column x y z; x to the left, y to the back, z to the head.
vector as (
    select
        header_id,
        item,
        max(value_count) as frame_count,
        count(value_number) as number_count,
        max(case when position = 0 then value_number end) as row_x,
        max(case when position = 1 then value_number end) as row_y,
        max(case when position = 2 then value_number end) as row_z,
        max(case when position = 3 then value_number end) as column_x,
        max(case when position = 4 then value_number end) as column_y,
        max(case when position = 5 then value_number end) as column_z
    from {{ ref('stg_dicom_header_element') }}
    where path = 'ImageOrientationPatient'
    group by header_id, item
),

judged as (
    select
        *,
        number_count = 6
        and abs(row_x * row_x + row_y * row_y + row_z * row_z - 1) <= {{ most_deviation }}
        and abs(column_x * column_x + column_y * column_y + column_z * column_z - 1)
        <= {{ most_deviation }}
        and abs(row_x * column_x + row_y * column_y + row_z * column_z) <= {{ most_deviation }}
            as is_valid
    from vector
),

crossed as (
    select
        header_id,
        item,
        frame_count,
        row_y * column_z - row_z * column_y as x,
        row_z * column_x - row_x * column_z as y,
        row_x * column_y - row_y * column_x as z
    from judged
    where is_valid
),

measured as (
    select
        *,
        sqrt(x * x + y * y + z * z) as length,
        case
            when abs(z) >= abs(x) and abs(z) >= abs(y) then sign(z)
            when abs(y) >= abs(x) then sign(y)
            else sign(x)
        end as direction
    from crossed
),

normal as (
    select
        header_id,
        item,
        frame_count,
        x * direction / length as normal_x,
        y * direction / length as normal_y,
        z * direction / length as normal_z
    from measured
)

select
    header_id,
    item,
    frame_count,
    normal_x,
    normal_y,
    normal_z,
    case
        when normal_z > {{ least_cosine }} then 'AXIAL'
        when normal_y > {{ least_cosine }} then 'CORONAL'
        when normal_x > {{ least_cosine }} then 'SAGITTAL'
        else 'OBLIQUE'
    end as plane,
    {{ micdm.null_of(dbt.type_string()) }} as reason_code
from normal
union all
select
    header_id,
    item,
    frame_count,
    {{ micdm.null_of('double precision') }} as normal_x,
    {{ micdm.null_of('double precision') }} as normal_y,
    {{ micdm.null_of('double precision') }} as normal_z,
    {{ micdm.null_of(dbt.type_string()) }} as plane,
    'invalid_orientation' as reason_code
from judged
where not is_valid or is_valid is null
