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
    ordered.span,
    ordered.instrument_id,
    ordered.ts,
    -- Times rise with the bars unless one was corrected or came late, so that there is hardly ever anything to look up.
    case
      when p_lookback is null then ordered.latest
      when p_lookback = 0 or ordered.known_from >= ordered.latest then ordered.known_from
      else (
        select greatest(max(recent.known_from), (
          select max(history.known_to)
          from market.price_data_history as history
          where history.instrument_id = ordered.instrument_id
            and history.bar_interval = p_bar_interval
            and history.ts <= ordered.ts
            and history.ts > coalesce(
              (
                select max(bar.ts)
                from market.price_data as bar
                where bar.instrument_id = ordered.instrument_id and bar.bar_interval = p_bar_interval and bar.ts < min(recent.ts)
              ),
              '-infinity'
            )
        ))
        from (
          select bar.ts, bar.known_from
          from market.price_data as bar
          where bar.instrument_id = ordered.instrument_id and bar.bar_interval = p_bar_interval and bar.ts <= ordered.ts
          order by bar.ts desc
          limit p_lookback + 1
        ) as recent
      )
    end,
    ordered.bar_number,
    ordered.open,
    ordered.high,
    ordered.low,
    ordered.close,
    ordered.volume
  from (
    select
      read.*,
      (row_number() over before)::double precision as bar_number,
      max(read.known_from) over before as latest
    from (
      select
        wanted.span, wanted.instrument_id, bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume,
        case
          when wanted.has_history then greatest(bar.known_from, (
            select max(history.known_to)
            from market.price_data_history as history
            where history.instrument_id = wanted.instrument_id
              and history.bar_interval = p_bar_interval
              and history.ts <= bar.ts
              and history.ts > coalesce(
                (
                  select max(previous.ts)
                  from market.price_data as previous
                  where previous.instrument_id = wanted.instrument_id and previous.bar_interval = p_bar_interval and previous.ts < bar.ts
                ),
                '-infinity'
              )
          ))
          else bar.known_from
        end as known_from
      from (
        select given.*, exists (
          select from market.price_data_history as history where history.instrument_id = given.instrument_id and history.bar_interval = p_bar_interval
        ) as has_history
        from unnest(p_instrument_ids, p_from_ts, p_to_ts) with ordinality as given (instrument_id, from_ts, to_ts, span)
        -- Asked once for an instrument, not once for a bar.
        offset 0
      ) as wanted
      join market.price_data as bar
        on bar.instrument_id = wanted.instrument_id
        and bar.bar_interval = p_bar_interval
        and bar.ts between coalesce(wanted.from_ts, '-infinity') and coalesce(wanted.to_ts, 'infinity')
      offset 0
    ) as read
    window before as (partition by read.span order by read.ts rows unbounded preceding)
  ) as ordered
  -- So that whoever reads it knows the order and does not sort again.
  order by ordered.span, ordered.ts;
end;

comment on function feature.known_bars(bigint[], text, integer, timestamptz[], timestamptz[]) is
'The current bars of length p_bar_interval of p_instrument_ids, from p_from_ts to p_to_ts of each (NULL element: no limit), for computing features. span is the place in the arrays, bar_number the place of the bar in its span.
known_from is the latest of the bar and the p_lookback bars before it (NULL: of all), where each counts from when it became known, or from when an older version of it, or a bar before it that is gone, was given up, if that is later.';

revoke all on function feature.known_bars(bigint[], text, integer, timestamptz[], timestamptz[]) from public;
grant execute on function feature.known_bars(bigint[], text, integer, timestamptz[], timestamptz[]) to marketbase_worker, marketbase_probe;
