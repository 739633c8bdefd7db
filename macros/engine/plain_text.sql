{# Free text made comparable: capitals, no accents, full-width letters as ASCII, words separated by
   single blanks; KneeRoutine and 1HEAD are two words each. Cyrillic and Greek letters and East
   Asian characters stay. Letter by letter, since upper() depends on a Postgres database's locale. #}
{% macro plain_text(expression) -%}
    {% set from_letters = (
        'abcdefghijklmnopqrstuvwxyz'
        ~ 'àáâãäåāăąçćčďđèéêëēėęěğìíîïīįıłñńňòóôõöøōőŕřśşšșťțùúûüūůűųýÿźżž'
        ~ 'ÀÁÂÃÄÅĀĂĄÇĆČĎĐÈÉÊËĒĖĘĚĞÌÍÎÏĪĮİŁÑŃŇÒÓÔÕÖØŌŐŔŘŚŞŠȘŤȚÙÚÛÜŪŮŰŲÝŸŹŻŽ'
        ~ 'абвгдежзийклмнопрстуфхцчшщъыьэюяёЁґіїєαβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ'
        ~ 'ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ'
        ~ 'ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ０１２３４５６７８９　・、／（）＋'
        ~ 'ľĺĽĹϊϋΐΰΆΈΉΊΌΎΏ－＿：；，。～〜［］【】「」–—−·'
        ~ '!"#$%&()*+,-./:;<=>?@[]^_`{|}~' ~ "''"
    ) %}
    {% set to_letters = (
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
        ~ 'AAAAAAAAACCCDDEEEEEEEEGIIIIIIILNNNOOOOOOOORRSSSSTTUUUUUUUUYYZZZ'
        ~ 'AAAAAAAAACCCDDEEEEEEEEGIIIIIIILNNNOOOOOOOORRSSSSTTUUUUUUUUYYZZZ'
        ~ 'АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЕЕҐІЇЄΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΣΤΥΦΧΨΩΑΕΗΙΟΥΩ'
        ~ 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
        ~ 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789       '
        ~ 'LLLLΙΥΙΥΑΕΗΙΟΥΩ                  '
        ~ '                              ' ~ ' '
    ) %}
    {% set words = micdm.regexp_replace_all(
        micdm.regexp_replace_all(expression, '([a-z])([A-Z])', '\\1 \\2'),
        '(^|[^A-Za-z0-9])([0-9]+)([A-Za-z]{3})',
        '\\1\\2 \\3',
    ) %}
    {# An umlaut of UTF-8 that was read as Latin-1 is two signs: a lost letter. #}
    {% set words = micdm.regexp_replace_all(words, '[ÃÄÅ][¤¶¼Ÿ„–œ©¨ª«¡³²±º§¢£´µ¸¹°‰‡“‘›™‚]|�', ' ') %}
    {% set letters = (
        "replace(replace(replace(replace(replace(" ~ words
        ~ ", 'ß', 'SS'), 'æ', 'AE'), 'Æ', 'AE'), 'œ', 'OE'), 'Œ', 'OE')"
    ) %}
    trim({{ micdm.regexp_replace_all(
        "translate(" ~ letters ~ ", '" ~ from_letters ~ "', '" ~ to_letters ~ "')",
        '[[:space:]]+',
        ' ',
    ) }})
{%- endmacro %}
