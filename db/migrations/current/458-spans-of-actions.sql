-- Bodies of actions alone list all of a span too.
alter table ingest.candidate_action_span add column if not exists comes_with_bars boolean not null default true;
comment on column ingest.candidate_action_span.comes_with_bars is
'Whether the provider sends its actions with its bars: then an earlier body with bars of a day should have listed the actions of that day. False for bodies of actions alone.';
