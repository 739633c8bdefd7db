-- Episodes, as the site's CDM has them; no rows without one.

{{ micdm.site_table('episode') }}
