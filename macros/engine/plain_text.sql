{# Free text made comparable: capitals, no accents, full-width letters as ASCII, words separated by
   single blanks. Cyrillic and Greek letters and East Asian characters stay. Done by hand because
   upper() of a letter beyond ASCII depends on a Postgres database's locale. #}
{% macro plain_text(expression) -%}
    {% set from_letters = (
        'àáâãäåāăąçćčďđèéêëēėęěğìíîïīįıłñńňòóôõöøōőŕřśşšșťțùúûüūůűųýÿźżž'
        ~ 'ÀÁÂÃÄÅĀĂĄÇĆČĎĐÈÉÊËĒĖĘĚĞÌÍÎÏĪĮİŁÑŃŇÒÓÔÕÖØŌŐŔŘŚŞŠȘŤȚÙÚÛÜŪŮŰŲÝŸŹŻŽ'
        ~ 'абвгдежзийклмнопрстуфхцчшщъыьэюяёЁґіїєαβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ'
        ~ 'ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ'
        ~ 'ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ０１２３４５６７８９　・、／（）＋'
        ~ 'ľĺĽĹϊϋΐΰΆΈΉΊΌΎΏ－＿：；，。～〜［］【】「」–—−·'
        ~ '!"#$%&()*+,-./:;<=>?@[]^_`{|}~' ~ "''"
    ) %}
    {% set to_letters = (
        'AAAAAAAAACCCDDEEEEEEEEGIIIIIIILNNNOOOOOOOORRSSSSTTUUUUUUUUYYZZZ'
        ~ 'AAAAAAAAACCCDDEEEEEEEEGIIIIIIILNNNOOOOOOOORRSSSSTTUUUUUUUUYYZZZ'
        ~ 'АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЕЕҐІЇЄΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΣΤΥΦΧΨΩΑΕΗΙΟΥΩ'
        ~ 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
        ~ 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789       '
        ~ 'LLLLΙΥΙΥΑΕΗΙΟΥΩ                  '
        ~ '                              ' ~ ' '
    ) %}
    trim({{ micdm.regexp_replace_all(
        "upper(translate(replace(replace(replace(replace(replace(" ~ expression
        ~ ", 'ß', 'SS'), 'æ', 'AE'), 'Æ', 'AE'), 'œ', 'OE'), 'Œ', 'OE'), '"
        ~ from_letters ~ "', '" ~ to_letters ~ "'))",
        '[[:space:]]+',
        ' ',
    ) }})
{%- endmacro %}
