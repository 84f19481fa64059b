import type { ResultTable } from "./aligned.ts";
import type { Part } from "./run.ts";
import type { ChartSpec } from "./script.ts";

/** A result of a report, and how it is drawn. */
export interface DocumentTable {
  readonly table: ResultTable;
  readonly chart?: ChartSpec;
}

/** A section of a report: what stands below `# 1. …`. */
export interface Section {
  readonly title: string;
  readonly notes: readonly string[];
  readonly tables: readonly DocumentTable[];
}

/** A report in parts that mean something: reports write every line that is no table with a leading #. */
export interface ReportDocument {
  /** From `# marketbase: title`. */
  readonly title: string;
  /** From lines such as `# As of: 2026-01-01` at the beginning. */
  readonly about: readonly (readonly [name: string, value: string])[];
  /** The other lines at the beginning. */
  readonly notes: readonly string[];
  readonly sections: readonly Section[];
}

/** Collects what a report says. Its lists are limited, so that it fits into memory. */
export async function readDocument(parts: AsyncIterable<Part>): Promise<ReportDocument> {
  let title = "";
  const about: [string, string][] = [];
  const notes: string[] = [];
  const sections: { title: string; notes: string[]; tables: DocumentTable[] }[] = [];
  for await (const part of parts) {
    const section = sections.at(-1);
    if (part.kind === "table") {
      section?.tables.push(part);
      continue;
    }
    const text = part.text.replace(/^# ?/, "");
    const [, name = "", value = ""] = /^([A-Za-z][a-z ]+): +(.*)$/.exec(text) ?? [];
    if (/^\d+\. /.test(text)) sections.push({ title: text, notes: [], tables: [] });
    else if (text === "" || text === "End of report.") continue;
    else if (section !== undefined) section.notes.push(text);
    else if (name === "marketbase") title = value;
    else if (/^[A-Z]/.test(name)) about.push([name, value]);
    else notes.push(text);
  }
  return { title, about, notes, sections };
}
