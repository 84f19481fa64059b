-- ta.window_order gives what it gave.
drop function if exists ta.window_quantile(text, double precision[], integer, double precision);
