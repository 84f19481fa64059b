-- How long a bar lasts. Not strict, so that it is inlined.
create or replace function market.bar_span(p_bar_interval text) returns interval
language sql immutable parallel safe
return case
  when p_bar_interval = '1d' then interval '1 day'
  when p_bar_interval = '1mo' then make_interval(months => 1)
  when p_bar_interval = '1w' then make_interval(days => 7)
  when p_bar_interval like '%d' then make_interval(days => rtrim(p_bar_interval, 'd')::integer)
  when p_bar_interval like '%h' then make_interval(hours => rtrim(p_bar_interval, 'h')::integer)
  else make_interval(mins => rtrim(p_bar_interval, 'm')::integer)
end;

comment on function market.bar_span(text) is
'The length of a bar whose bar_interval is given as market.bar_interval writes it. NULL for NULL; an error of PostgreSQL for what is no such name.';

revoke all on function market.bar_span(text) from public;
grant execute on function market.bar_span(text) to marketbase_reader;
