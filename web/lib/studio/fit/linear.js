// The little linear algebra that fitting needs; matrices are row by row in float64.

/**
 * Cholesky's factor: lower triangular, times its transpose the matrix.
 * @param {Float64Array} matrix [n, n], symmetric and positive definite; is overwritten
 * @param {number} n
 * @returns {Float64Array} the same array
 */
export function cholesky(matrix, n) {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = matrix[i * n + j];
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k] * matrix[j * n + k];
      if (i === j) {
        if (!(sum > 0)) throw new RangeError(`The matrix is not positive definite: ${sum} at ${j}.`);
        matrix[j * n + j] = Math.sqrt(sum);
      } else {
        matrix[i * n + j] = sum / matrix[j * n + j];
      }
    }
    matrix.fill(0, j * n + j + 1, (j + 1) * n);
  }
  return matrix;
}

/**
 * Solves L x = b for many b.
 * @param {Float64Array} lower [n, n]
 * @param {number} n
 * @param {Float64Array} rows [m, n], each a b; becomes its x
 */
export function solveLower(lower, n, rows) {
  for (let start = 0; start < rows.length; start += n) {
    for (let i = 0; i < n; i++) {
      let sum = rows[start + i];
      for (let k = 0; k < i; k++) sum -= lower[i * n + k] * rows[start + k];
      rows[start + i] = sum / lower[i * n + i];
    }
  }
  return rows;
}

/**
 * Solves L^T x = b for many b.
 * @param {Float64Array} lower [n, n]
 * @param {number} n
 * @param {Float64Array} rows [m, n], each a b; becomes its x
 */
export function solveLowerTransposed(lower, n, rows) {
  for (let start = 0; start < rows.length; start += n) {
    for (let i = n - 1; i >= 0; i--) {
      const x = rows[start + i] / lower[i * n + i];
      rows[start + i] = x;
      for (let k = 0; k < i; k++) rows[start + k] -= lower[i * n + k] * x;
    }
  }
  return rows;
}

/**
 * @param {ArrayLike<number>} matrix [rows, columns]
 * @param {number} columns
 * @returns {Float64Array} [columns, rows]
 */
export function transposed(matrix, columns) {
  const rows = matrix.length / columns;
  const turned = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) turned[j * rows + i] = matrix[i * columns + j];
  }
  return turned;
}
