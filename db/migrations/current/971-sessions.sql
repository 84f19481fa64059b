-- The sessions of every exchange that has rules.
select market.refresh_sessions(mic) from market.exchange where calendar = 'sessions' order by mic;
