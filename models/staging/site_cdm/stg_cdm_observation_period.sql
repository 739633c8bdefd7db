-- Spans of time in which a person is under observation, as the site's CDM has them; no rows without one.

{{ micdm.site_table('observation_period') }}
