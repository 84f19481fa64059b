import type { WriteStream } from "node:tty";

/** A place to write to, which may be a terminal. */
export type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns">>;

/** Colours for a terminal, and plain text anywhere else or where NO_COLOR asks for it. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** Chooses the colours for an output (https://no-color.org: any non-empty NO_COLOR turns them off). */
export function styleFor(output: Output, env: NodeJS.ProcessEnv = process.env): Style {
  const coloured = output.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  const paint = (on: number, off: number) => (coloured ? (text: string) => `\x1b[${on}m${text}\x1b[${off}m` : (text: string) => text);
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39), yellow: paint(33, 39) };
}
