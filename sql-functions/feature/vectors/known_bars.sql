-- The bars of instruments, each with the time from when the window that ends with it could be known.
create or replace function feature.known_bars(
  p_instrument_ids bigint[],
  p_bar_interval text,
  p_lookback integer,
  p_from_ts timestamptz[],
  p_to_ts timestamptz[]
) returns table (
  span bigint,
  instrument_id bigint,
  ts timestamptz,
  known_from timestamptz,
  bar_number double precision,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision
)
language sql stable parallel safe
begin atomic
  select
    counted.span,
    counted.instrument_id,
    counted.ts,
    -- Times rise with the bars unless one was corrected, so that there is hardly ever anything to look up.
    case
      when p_lookback is null then max(counted.known_from) over (partition by counted.span order by counted.ts)
      when p_lookback = 0 or counted.falls = 0 then counted.known_from
      else feature.latest_known(counted.instrument_id, p_bar_interval, counted.ts, p_lookback)
    end,
    counted.bar_number,
    counted.open,
    counted.high,
    counted.low,
    counted.close,
    counted.volume
  from (
    select
      compared.*,
      count(*) filter (where compared.known_from < compared.known_before)
        over (partition by compared.span order by compared.ts rows between coalesce(p_lookback, 0) preceding and current row) as falls
    from (
      select
        read.*,
        row_number() over (partition by read.span order by read.ts)::double precision as bar_number,
        lag(read.known_from) over (partition by read.span order by read.ts) as known_before
      from (
        select
          wanted.span, wanted.instrument_id, bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume,
          case
            when wanted.has_history then feature.latest_known(wanted.instrument_id, p_bar_interval, bar.ts, 0)
            else bar.known_from
          end as known_from
        from (
          select given.*, exists (
            select from market.price_data_history as history where history.instrument_id = given.instrument_id and history.bar_interval = p_bar_interval
          ) as has_history
          from unnest(p_instrument_ids, p_from_ts, p_to_ts) with ordinality as given (instrument_id, from_ts, to_ts, span)
        ) as wanted
        join market.price_data as bar
          on bar.instrument_id = wanted.instrument_id
          and bar.bar_interval = p_bar_interval
          and bar.ts between coalesce(wanted.from_ts, '-infinity') and coalesce(wanted.to_ts, 'infinity')
        offset 0
      ) as read
    ) as compared
  ) as counted
  -- So that whoever reads it knows the order and does not sort again.
  order by counted.span, counted.ts;
end;

comment on function feature.known_bars(bigint[], text, integer, timestamptz[], timestamptz[]) is
'The current bars of length p_bar_interval of p_instrument_ids, from p_from_ts to p_to_ts of each (NULL element: no limit), for computing features. span is the place in the arrays, bar_number the place of the bar in its span.
known_from is the latest of the bar and the p_lookback bars before it (NULL: of all), where each counts from when it became known, or from when an older version of it, or a bar before it that is gone, was given up, if that is later.';

revoke all on function feature.known_bars(bigint[], text, integer, timestamptz[], timestamptz[]) from public;
grant execute on function feature.known_bars(bigint[], text, integer, timestamptz[], timestamptz[]) to marketbase_worker, marketbase_probe;
