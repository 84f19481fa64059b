import { isNumber, type ResultTable } from "./aligned.ts";
import { charts, escapeHtml, words } from "./chart.ts";
import type { ReportDocument } from "./document.ts";

const style = `
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1a1a1a; background: #fff; max-width: 70rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .6rem; } h1::first-letter { text-transform: uppercase; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem; border-bottom: 1px solid #999; padding-bottom: .2rem; }
dl { display: grid; grid-template-columns: max-content auto; gap: .1rem 1rem; margin: 0; } dt { color: #555; } dd { margin: 0; font-variant-numeric: tabular-nums; }
p { margin: .5rem 0; max-width: 60rem; color: #444; }
nav ol { list-style: none; columns: 2; padding: 0; margin: .6rem 0; } nav li { break-inside: avoid; } a { color: #1f4e79; }
.scroll { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { padding: .22rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
th { background: #f0f2f4; border-bottom: 1px solid #888; white-space: nowrap; } td.number, th.number { text-align: right; white-space: nowrap; }
tbody tr:nth-child(even) { background: #fafbfc; }
figure { margin: .8rem 0; overflow-x: auto; } svg text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #1a1a1a; } svg text.title { font-weight: 600; } svg text.small { font-size: 11px; }
svg .axis { stroke: #888; stroke-width: 1; } svg .grid { stroke: #ddd; stroke-width: 1; }
footer { margin-top: 2rem; color: #555; }
@page { size: A4 landscape; margin: 14mm 14mm 17mm; }
@media print {
  body { margin: 0; padding: 0; max-width: none; font-size: 10pt; } nav, footer { display: none; } .scroll, figure { overflow: visible; }
  h2 { break-after: avoid; } figure, tr, .short { break-inside: avoid; } p { orphans: 3; widows: 3; } thead { display: table-header-group; } th, tbody tr:nth-child(even) { print-color-adjust: exact; }
  svg { max-width: 100%; height: auto; }
}`;

/** A report as one HTML file that needs nothing else: no script, no file, no font; to be read, heard and printed. */
export function html(name: string, { title, about, notes, sections }: ReportDocument): string {
  const asOf = about.find(([key]) => key === "As of")?.[1] ?? "";
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escapeHtml(`marketbase ${name}, ${asOf}`)}</title>`,
    `<style>${style}${pageFooter(`marketbase report ${name}, as of ${asOf}`)}</style>`,
    "</head>",
    "<body>",
    "<header>",
    `<h1>${escapeHtml(title)}</h1>`,
    `<dl>${about.map(([key, value]) => `<dt>${escapeHtml(key)}</dt><dd>${escapeHtml(value)}</dd>`).join("")}</dl>`,
    paragraph(notes),
    "</header>",
    `<nav aria-label="Sections"><ol>${sections.map((section, i) => `<li><a href="#s${i + 1}">${escapeHtml(section.title)}</a></li>`).join("")}</ol></nav>`,
    "<main>",
    ...sections.flatMap((section, i) => [
      `<section aria-labelledby="s${i + 1}">`,
      `<h2 id="s${i + 1}">${escapeHtml(section.title)}</h2>`,
      paragraph(section.notes),
      ...section.tables.flatMap(({ table, chart }, n) => [
        ...(chart === undefined ? [] : charts(table, chart, `c${i + 1}-${n + 1}`).map((svg) => `<figure>${svg}</figure>`)),
        tableOf(table, `s${i + 1}`),
      ]),
      "</section>",
    ]),
    "</main>",
    `<footer>marketbase report ${escapeHtml(name)}</footer>`,
    "</body>",
    "</html>",
  ]
    .filter((line) => line !== "")
    .map((line) => `${line}\n`)
    .join("");
}

function paragraph(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `<p>${escapeHtml(lines.join(" "))}</p>`;
}

function tableOf({ columns, rows }: ResultTable, heading: string): string {
  if (rows.length === 0) return "<p>None.</p>";
  const kind = columns.map((column) => (isNumber(column) ? ' class="number"' : ""));
  const head = columns.map(({ name }, i) => `<th scope="col"${kind[i]}>${escapeHtml(words(name))}</th>`);
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${kind[i]}>${cellText(cell ?? "")}</td>`).join("")}</tr>\n`);
  // A region that scrolls can be reached by the keyboard.
  const short = rows.length <= 12 ? " short" : "";
  return `<div class="scroll${short}" role="region" tabindex="0" aria-labelledby="${heading}"><table aria-labelledby="${heading}">\n<thead><tr>${head.join("")}</tr></thead>\n<tbody>\n${body.join("")}</tbody></table></div>`;
}

/** What stands at the bottom of each printed page. */
function pageFooter(text: string): string {
  const quoted = text.replace(/[^\w .,:+-]/g, "");
  const look = 'font: 8pt system-ui, "DejaVu Sans", sans-serif; color: #555';
  return `\n@page { @bottom-left { content: "${quoted}"; ${look}; } @bottom-right { content: counter(page) " / " counter(pages); ${look}; } }\n`;
}

/** Blanks at the beginning are the depth of a line in a chain: they stay. */
function cellText(text: string): string {
  return escapeHtml(text).replace(/^ +/, (blanks) => "&nbsp;".repeat(blanks.length * 2));
}
