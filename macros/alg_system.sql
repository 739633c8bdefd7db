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


{# Text with all that has a meaning in a URI, or in our keys (|), percent-encoded; letters of other
   scripts stay. The percent sign first, or it would be encoded twice. #}
{% macro uri_part(expression) -%}
    {% set signs = [
        "'%'", "' '", "'/'", "'?'", "'#'", "'&'", "'='", "'+'", "':'", "'\"'", "'<'", "'>'", "'|'",
        "'^'", "'`'", "'{'", "'}'", "'['", "']'", 'chr(92)', 'chr(9)', 'chr(10)', 'chr(13)',
    ] %}
    {% set codes = [
        '25', '20', '2F', '3F', '23', '26', '3D', '2B', '3A', '22', '3C', '3E', '7C',
        '5E', '60', '7B', '7D', '5B', '5D', '5C', '09', '0A', '0D',
    ] %}
    {% set made = namespace(sql=expression) %}
    {% for sign in signs %}
        {% set made.sql = 'replace(' ~ made.sql ~ ', ' ~ sign ~ ", '%" ~ codes[loop.index0] ~ "')" %}
    {% endfor %}
    {{- made.sql -}}
{%- endmacro %}
