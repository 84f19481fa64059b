-- Who may use the helpers: the worker alone, through the functions that call them. Each helper's file grants its execution.
revoke all on schema internal from public, marketbase_reader;
grant usage on schema internal to marketbase_worker;
