-- Ranks and quantiles are helpers of their own now: window_rank, window_quantile.
drop function if exists ta.window_order(text, double precision[], integer, text, double precision);
