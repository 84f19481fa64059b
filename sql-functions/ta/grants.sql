-- Who may use the kernels: every reader, as they are pure. Each kernel's file grants its execution.
grant usage on schema ta to marketbase_reader;
