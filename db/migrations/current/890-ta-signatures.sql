-- Kernels that were given a further argument: without this the old function would stay beside the new one.
drop function if exists ta.bbands_upper(double precision[], integer, double precision);
drop function if exists ta.bbands_lower(double precision[], integer, double precision);
drop function if exists ta.bbands_middle(double precision[], integer);
drop function if exists ta.bollinger(text, double precision[], integer, double precision);
drop function if exists ta.ema(double precision[], integer);
