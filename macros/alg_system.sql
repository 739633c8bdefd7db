{# Which algorithm: alg:/vendor/name/version?parameters, an IRI (RFC 3987). Arguments are SQL that may
   be NULL: no name, no algorithm; an unknown vendor is a dash; version and parameters are left out.
   Equal for equal arguments only, so it may stand in a key. #}
{% macro alg_system(vendor, name, version, parameters) -%}
    case
        when nullif({{ name }}, '') is not null
            then
                'alg:/' || coalesce({{ micdm.uri_part("nullif(" ~ vendor ~ ", '')") }}, '-')
                || '/' || {{ micdm.uri_part(name) }}
                || coalesce('/' || {{ micdm.uri_part("nullif(" ~ version ~ ", '')") }}, '')
                || coalesce('?' || {{ micdm.uri_part("nullif(" ~ parameters ~ ", '')") }}, '')
    end
{%- endmacro %}


{# Text with what has a meaning in a URI, or in our keys (|), percent-encoded; letters of other
   scripts stay. The percent sign comes first, or it would be encoded twice. #}
{% macro uri_part(expression) -%}
    {% set signs = {
        "'%'": '25', "' '": '20', "'/'": '2F', "'?'": '3F', "'#'": '23', "'&'": '26', "'='": '3D',
        "'\"'": '22', "'<'": '3C', "'>'": '3E', "'|'": '7C', "'{'": '7B', "'}'": '7D',
        "'['": '5B', "']'": '5D', 'chr(92)': '5C', 'chr(10)': '0A',
    } %}
    {% set made = namespace(sql=expression) %}
    {% for sign, code in signs.items() %}
        {% set made.sql = 'replace(' ~ made.sql ~ ', ' ~ sign ~ ", '%" ~ code ~ "')" %}
    {% endfor %}
    {{- made.sql -}}
{%- endmacro %}
