-- Keeps a window of whole numbers in order while it slides.
create or replace aggregate ta.ordered_window(integer[]) (
  sfunc = extensions._int_union,
  stype = integer[],
  initcond = '{}',
  msfunc = extensions._int_union,
  minvfunc = extensions.intset_subtract,
  mstype = integer[],
  minitcond = '{}',
  parallel = safe
);

comment on aggregate ta.ordered_window(integer[]) is
$$Helper of the kernels: the numbers of the arrays in rising order, each once. Over a sliding frame an entering number is merged in and a leaving one taken
out, both by functions of the extension intarray; the result depends on the frame alone.
Arguments: one array per row, here of one number, which no other row of the frame has. An empty array for no rows. NULL in an array is an error.$$;

revoke all on function ta.ordered_window(integer[]) from public;
grant execute on function ta.ordered_window(integer[]) to marketbase_reader;
