-- Gives the signal line of the know sure thing.
create or replace function ta.kst_signal(
  series double precision[],
  roc_1 integer default 10,
  roc_2 integer default 15,
  roc_3 integer default 20,
  roc_4 integer default 30,
  mean_1 integer default 10,
  mean_2 integer default 10,
  mean_3 integer default 10,
  mean_4 integer default 15,
  signal integer default 9
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_period('kst_signal', 'roc_1', roc_1, 1);
  perform ta.check_period('kst_signal', 'roc_2', roc_2, 1);
  perform ta.check_period('kst_signal', 'roc_3', roc_3, 1);
  perform ta.check_period('kst_signal', 'roc_4', roc_4, 1);
  perform ta.check_period('kst_signal', 'mean_1', mean_1, 1);
  perform ta.check_period('kst_signal', 'mean_2', mean_2, 1);
  perform ta.check_period('kst_signal', 'mean_3', mean_3, 1);
  perform ta.check_period('kst_signal', 'mean_4', mean_4, 1);
  perform ta.check_period('kst_signal', 'signal', signal, 1);
  perform ta.check_series('kst_signal', 'series', series, cardinality(series));
  return ta.window_sum('kst_signal', ta.kst(series, roc_1, roc_2, roc_3, roc_4, mean_1, mean_2, mean_3, mean_4), signal, signal, true);
end
$$;

comment on function ta.kst_signal(double precision[], integer, integer, integer, integer, integer, integer, integer, integer, integer) is
$$Signal of the know sure thing: the simple average of ta.kst. Result: as long as series, in percent.
Arguments: as those of ta.kst; signal in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity or a value that is not positive. Warm-up: that of ta.kst and signal - 1 bars.
Errors: MB001 for a bad period or array. Source: TTR KST; Pring.
lookback: greatest(roc_1 + mean_1, roc_2 + mean_2, roc_3 + mean_3, roc_4 + mean_4) + signal - 2$$;

revoke all on function ta.kst_signal(double precision[], integer, integer, integer, integer, integer, integer, integer, integer, integer) from public;
grant execute on function ta.kst_signal(double precision[], integer, integer, integer, integer, integer, integer, integer, integer, integer) to marketbase_reader;
