-- Links between facts of any two tables, as the site's CDM has them; no rows without one.

{{ micdm.site_table('fact_relationship') }}
