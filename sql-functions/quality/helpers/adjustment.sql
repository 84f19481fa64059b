-- By how much an adjusted close moves otherwise than the close and the dividend say.
create or replace function quality.adjustment(bar quality.judged_bar)
returns double precision
language sql
immutable
parallel safe
return ln(bar.adjusted_close / bar.previous_adjusted_close * bar.previous_close / bar.close * (1 - bar.dividend / bar.previous_close));

comment on function quality.adjustment(quality.judged_bar) is
'Natural logarithm of the change of adjusted close over close since the bar before, less the change that the dividend on record makes, -ln(1 - dividend / previous close): 0 where both agree, that of the split where the adjusted close contains a split and the close does not. NULL where a value is missing. Adjusted closes must be positive and the dividend below the close before.';

revoke all on function quality.adjustment(quality.judged_bar) from public;
grant execute on function quality.adjustment(quality.judged_bar) to marketbase_worker;
