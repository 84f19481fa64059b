-- What it did is part of feature.known_bars.
drop function if exists feature.latest_known(bigint, text, timestamptz, integer);
