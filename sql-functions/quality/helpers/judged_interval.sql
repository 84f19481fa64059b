-- Which bars of an instrument the rules look at.
create or replace function quality.judged_interval(p_instrument_id bigint)
returns text
language sql
stable
parallel safe
return case
  when exists (select from market.price_data as price where price.instrument_id = p_instrument_id and price.bar_interval = '1d') then '1d'
  else '1w'
end;

comment on function quality.judged_interval(bigint) is
'The length of the bars of an instrument that the rules of prices look at: 1d where it has daily bars, else 1w. NULL counts as an instrument without bars.';

revoke all on function quality.judged_interval(bigint) from public;
grant execute on function quality.judged_interval(bigint) to marketbase_worker;
