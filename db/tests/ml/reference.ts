/**
 * A second, independent way to a ridge regression, for comparison: Householder's QR decomposition of the standardised features with
 * sqrt(lambda) times the identity beneath them, instead of the normal equations.
 */
export interface Ridge {
  readonly means: number[];
  readonly scales: number[];
  readonly coefficients: number[];
  readonly intercept: number;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Fits by QR; rows of features and their labels. */
export function ridgeByQr(features: readonly (readonly number[])[], labels: readonly number[], lambda: number): Ridge {
  const width = features[0]?.length ?? 0;
  const columns = Array.from({ length: width }, (_, j) => features.map((row) => row[j] as number));
  const means = columns.map(mean);
  const scales = columns.map((column, j) => Math.sqrt(mean(column.map((value) => (value - (means[j] as number)) ** 2))));
  const intercept = mean(labels);
  const matrix = [
    ...features.map((row) => row.map((value, j) => (value - (means[j] as number)) / (scales[j] as number))),
    ...Array.from({ length: width }, (_, i) => Array.from({ length: width }, (_, j) => (i === j ? Math.sqrt(lambda) : 0))),
  ];
  const right = [...labels.map((label) => label - intercept), ...Array<number>(width).fill(0)];
  return { means, scales, coefficients: leastSquares(matrix, right), intercept };
}

/** The prediction of a fit. */
export function predictBy(fit: Ridge, row: readonly number[]): number {
  return fit.intercept + row.reduce((sum, value, j) => sum + ((fit.coefficients[j] as number) * (value - (fit.means[j] as number))) / (fit.scales[j] as number), 0);
}

function leastSquares(matrix: number[][], right: number[]): number[] {
  const rows = matrix.length;
  const width = matrix[0]?.length ?? 0;
  const at = (i: number, j: number) => (matrix[i] as number[])[j] as number;
  for (let k = 0; k < width; k++) {
    let norm = 0;
    for (let i = k; i < rows; i++) norm = Math.hypot(norm, at(i, k));
    const alpha = at(k, k) > 0 ? -norm : norm;
    const v = Array.from({ length: rows }, (_, i) => (i < k ? 0 : i === k ? at(k, k) - alpha : at(i, k)));
    const squared = v.reduce((sum, value) => sum + value * value, 0);
    const reflect = (get: (i: number) => number, set: (i: number, value: number) => void) => {
      let product = 0;
      for (let i = k; i < rows; i++) product += (v[i] as number) * get(i);
      for (let i = k; i < rows; i++) set(i, get(i) - (2 * product * (v[i] as number)) / squared);
    };
    for (let j = k; j < width; j++) reflect((i) => at(i, j), (i, value) => ((matrix[i] as number[])[j] = value));
    reflect((i) => right[i] as number, (i, value) => (right[i] = value));
  }
  const solution = Array<number>(width).fill(0);
  for (let i = width - 1; i >= 0; i--) {
    let sum = right[i] as number;
    for (let j = i + 1; j < width; j++) sum -= at(i, j) * (solution[j] as number);
    solution[i] = sum / at(i, i);
  }
  return solution;
}

/** Pearson's correlation. */
export function correlation(x: readonly number[], y: readonly number[]): number {
  const mx = mean(x);
  const my = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  x.forEach((value, i) => {
    xy += (value - mx) * ((y[i] as number) - my);
    xx += (value - mx) ** 2;
    yy += ((y[i] as number) - my) ** 2;
  });
  return xy / Math.sqrt(xx * yy);
}
