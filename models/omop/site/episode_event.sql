{{ config(materialized='view', enabled=micdm.is_extend()) }}

-- Events of episodes. micdm adds none.

{{ micdm.pass_through('site_cdm', 'episode_event') }}
