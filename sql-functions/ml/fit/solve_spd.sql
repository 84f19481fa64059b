-- Solves A x = b for a symmetric positive definite A.
create or replace function ml.solve_spd(p_matrix double precision[], p_right double precision[]) returns double precision[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  n constant integer := coalesce(cardinality(p_right), 0);
  l double precision[] := p_matrix;
  x double precision[] := p_right;
  s double precision;
begin
  if n = 0 or array_ndims(p_matrix) is distinct from 2 or array_length(p_matrix, 1) <> n or array_length(p_matrix, 2) <> n
    or array_lower(p_matrix, 1) <> 1 or array_lower(p_matrix, 2) <> 1 or array_lower(p_right, 1) <> 1
  then
    raise exception using
      errcode = 'MB001',
      message = 'the matrix must be square and as long as the right-hand side',
      hint = 'Pass the matrix as a list of rows, such as array[[2, 1], [1, 3]].';
  end if;

  -- A = L L', row by row.
  for i in 1 .. n loop
    for j in 1 .. i loop
      s := p_matrix[i][j];
      for k in 1 .. j - 1 loop
        s := s - l[i][k] * l[j][k];
      end loop;
      if i > j then
        l[i][j] := s / l[j][j];
      elsif s > 1e-13 * p_matrix[i][i] and s < 'infinity' then
        l[i][i] := sqrt(s);
      else
        raise exception using
          errcode = 'MB009',
          message = format('the system is singular: column %s depends on those before it', i),
          hint = 'Leave one of the dependent columns out, or use a larger penalty.';
      end if;
    end loop;
  end loop;

  -- L y = b, then L' x = y.
  for i in 1 .. n loop
    for k in 1 .. i - 1 loop
      x[i] := x[i] - l[i][k] * x[k];
    end loop;
    x[i] := x[i] / l[i][i];
  end loop;
  for i in reverse n .. 1 loop
    for k in i + 1 .. n loop
      x[i] := x[i] - l[k][i] * x[k];
    end loop;
    x[i] := x[i] / l[i][i];
  end loop;
  return x;
end
$$;

comment on function ml.solve_spd(double precision[], double precision[]) is
'The solution x of A x = b for a symmetric positive definite matrix A (p_matrix, n rows of n; only the lower triangle is read) and b (p_right, n elements),
by Cholesky''s decomposition (Golub and Van Loan, Matrix Computations, 4.2). MB001 for shapes that do not fit, MB009 where a pivot is not above 1e-13 of its
diagonal element: the matrix is singular or not positive definite.';

revoke all on function ml.solve_spd(double precision[], double precision[]) from public;
grant execute on function ml.solve_spd(double precision[], double precision[]) to marketbase_analyst;
