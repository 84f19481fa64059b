import type { ResultTable } from "./aligned.ts";
import type { ChartSpec } from "./script.ts";

const width = 720;
/** Letters of a label of bars. */
const longest = 40;
const colours = ["#1f4e79", "#c55a11", "#7f7f7f", "#548235"];

/** The charts of a result as SVG, one for each combination of the columns `by`; none where there is nothing to draw. */
export function charts(table: ResultTable, spec: ChartSpec, id: string): string[] {
  const place = (name: string) => table.columns.findIndex((column) => column.name === name);
  const over = place(spec.over);
  const values = spec.values.map(place);
  const by = spec.by.map(place);
  if ([over, ...values, ...by].includes(-1)) throw new Error(`a chart names a column that its query does not have: ${[spec.over, ...spec.values, ...spec.by].join(", ")}`);

  const groups = new Map<string, { label: string; numbers: (number | undefined)[] }[]>();
  for (const row of table.rows) {
    const name = by.map((column) => row[column] ?? "").join(", ");
    const points = groups.get(name) ?? [];
    points.push({ label: row[over] ?? "", numbers: values.map((column) => numberOf(row[column])) });
    groups.set(name, points);
  }
  return [...groups].slice(0, 6).flatMap(([name, points], i) => {
    if (!points.some(({ numbers }) => numbers.some((number) => number !== undefined && number !== 0))) return [];
    const title = `${spec.values.map(words).join(", ")} by ${words(spec.over)}${name === "" ? "" : ` (${name})`}`;
    const drawn = spec.shape === "bars" ? bars(points, spec.values) : lines([...points].reverse(), spec.values);
    if (drawn === undefined) return [];
    return [
      `<svg role="img" aria-labelledby="${id}-${i}" viewBox="0 0 ${width} ${drawn.height}" width="${width}" height="${drawn.height}">` +
        `<title id="${id}-${i}">${escapeHtml(`Chart: ${title}. The table has the figures.`)}</title>` +
        `<text x="0" y="14" class="title">${escapeHtml(title)}</text>${legend(spec.values)}${drawn.body}</svg>`,
    ];
  });
}

/** A text as it may stand in HTML and SVG, in quotes too. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  // Control characters are not allowed in HTML, whatever their notation.
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, " ");
}

interface Point {
  readonly label: string;
  readonly numbers: readonly (number | undefined)[];
}

/** Lying bars, one row of the table after the other, all from zero. */
function bars(points: readonly Point[], series: readonly string[]): { body: string; height: number } {
  const all = points.flatMap(({ numbers }) => numbers.flatMap((number) => (number === undefined ? [] : [number])));
  const low = Math.min(0, ...all);
  const high = Math.max(0, ...all);
  // As wide as the longest label: 6.6 units a letter are enough for the widest of the fonts.
  const left = 16 + Math.ceil(6.6 * Math.max(8, ...points.map(({ label }) => shortened(label, longest).length)));
  const right = width - 90;
  const x = (number: number) => left + ((number - low) / (high - low)) * (right - left);
  const thick = series.length > 1 ? 12 : 14;
  const step = series.length * thick + 7;
  const top = series.length > 1 ? 44 : 26;
  const body = points.map(({ label, numbers }, i) => {
    const y = top + i * step;
    const drawn = numbers.map((number, n) =>
      number === undefined
        ? ""
        : `<rect x="${fixed(Math.min(x(0), x(number)))}" y="${y + n * thick}" width="${fixed(Math.abs(x(number) - x(0)))}" height="${thick - 1}" fill="${colour(n)}"/>` +
          `<text x="${fixed(Math.max(x(0), x(number)) + 5)}" y="${y + n * thick + thick - 1}" class="small">${figure(number)}</text>`,
    );
    return `<text x="${left - 8}" y="${y + (series.length * thick) / 2 + 4}" text-anchor="end">${escapeHtml(shortened(label, longest))}</text>${drawn.join("")}`;
  });
  const height = top + points.length * step + 4;
  return { body: `${body.join("")}<line x1="${fixed(x(0))}" x2="${fixed(x(0))}" y1="${top - 4}" y2="${height - 4}" class="axis"/>`, height };
}

/** Lines from left to right in time; undefined where a line would have one point only. */
function lines(points: readonly Point[], series: readonly string[]): { body: string; height: number } | undefined {
  const all = points.flatMap(({ numbers }) => numbers.flatMap((number) => (number === undefined ? [] : [number])));
  if (points.length < 2) return undefined;
  const marked = roundSteps(Math.min(0, ...all), Math.max(0, ...all));
  const low = marked.at(0) ?? 0;
  const high = marked.at(-1) ?? 1;
  const [left, right, top, bottom] = [70, width - 15, series.length > 1 ? 48 : 30, 250];
  const x = (i: number) => left + (i / (points.length - 1)) * (right - left);
  const y = (number: number) => bottom - ((number - low) / (high - low)) * (bottom - top);
  const marks = marked.map(
    (number) =>
      `<line x1="${left}" x2="${right}" y1="${fixed(y(number))}" y2="${fixed(y(number))}" class="${number === 0 ? "axis" : "grid"}"/>` +
      `<text x="${left - 6}" y="${fixed(y(number) + 4)}" text-anchor="end" class="small">${figure(number)}</text>`,
  );
  const drawn = series.map((_, n) => {
    const path = points.flatMap(({ numbers }, i) => (numbers[n] === undefined ? [] : [`${fixed(x(i))},${fixed(y(numbers[n]))}`]));
    // The second line is dashed, so that print without colours tells them apart.
    return `<polyline points="${path.join(" ")}" fill="none" stroke="${colour(n)}" stroke-width="1.8"${n % 2 === 1 ? ' stroke-dasharray="6 3"' : ""}/>`;
  });
  // The first, the last and some between them, so many that they do not touch.
  const named = Math.min(points.length, 6);
  const ends = Array.from({ length: named }, (_, n) => {
    const i = Math.round((n / (named - 1)) * (points.length - 1));
    const anchor = n === 0 ? "start" : n === named - 1 ? "end" : "middle";
    return (
      `<line x1="${fixed(x(i))}" x2="${fixed(x(i))}" y1="${bottom}" y2="${bottom + 5}" class="axis"/>` +
      `<text x="${fixed(x(i))}" y="${bottom + 18}" text-anchor="${anchor}" class="small">${escapeHtml(shortened(points[i]?.label ?? "", 16))}</text>`
    );
  });
  return { body: `${marks.join("")}${drawn.join("")}${ends.join("")}`, height: bottom + 26 };
}

/** Round numbers from one at or below low to one at or above high, about five of them, with 0. */
function roundSteps(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((times) => times * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  return Array.from({ length: Math.ceil(high / step) - first + 1 }, (_, n) => (first + n) * step);
}

function legend(series: readonly string[]): string {
  if (series.length < 2) return "";
  let x = 0;
  return series
    .map((name, n) => {
      const entry = `<rect x="${x}" y="23" width="11" height="11" fill="${colour(n)}"/><text x="${x + 16}" y="33">${escapeHtml(words(name))}</text>`;
      x += 34 + name.length * 7;
      return entry;
    })
    .join("");
}

function numberOf(cell: string | null | undefined): number | undefined {
  const number = cell === null || cell === undefined ? Number.NaN : Number(cell);
  return Number.isFinite(number) ? number : undefined;
}

const colour = (n: number) => colours[n % colours.length] ?? "";
const fixed = (number: number) => number.toFixed(1);
const figure = (number: number) => (Number.isInteger(number) ? number.toLocaleString("en") : String(Number(number.toPrecision(4))));
/** The name of a column as people read it: `failed_pct` is in percent. */
export const words = (name: string) => name.replace(/_pct$/, " %").replaceAll("_", " ");
const shortened = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
