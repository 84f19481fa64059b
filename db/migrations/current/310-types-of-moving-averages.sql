-- These kernels have got the type of their moving averages as an argument with a default; the form without it has to go.
drop function if exists ta.apo(double precision[], integer, integer);
drop function if exists ta.ppo(double precision[], integer, integer);
drop function if exists ta.stoch_k(double precision[], double precision[], double precision[], integer, integer, integer);
drop function if exists ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer);
drop function if exists ta.stochf_k(double precision[], double precision[], double precision[], integer, integer);
drop function if exists ta.stochf_d(double precision[], double precision[], double precision[], integer, integer);
drop function if exists ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, text);
