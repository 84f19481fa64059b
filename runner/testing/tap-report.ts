import { countTap, type TapCount, type TapEvent } from "./tap-count.ts";

/** What comes of a test run: one line for each test file and what failed, then the line `N passed, N failed` with the number of assertions. */
export interface TapReport {
  /** A reader for the lines of one more stream of TAP; streams may be read at once. */
  stream(): (text: string) => void;
  /** Writes the counts. 0 only if at least one assertion ran, none failed and `status`, that of the programs that wrote the streams, is 0. */
  end(status: number): 0 | 1;
}

/** Reads TAP and tells what it says. */
export function tapReport(write: (text: string) => void): TapReport {
  let files = 0;
  const counts: TapCount[] = [];
  const last: string[] = [];
  return {
    stream: () => {
      const { line, count } = countTap((event) => {
        if (event.kind === "file") files += 1;
        write(describe(event, files));
      });
      counts.push(count);
      return (text) => {
        line(text);
        last.push(text);
        if (last.length > 40) last.shift();
      };
    },
    end: (status) => {
      const sum = (of: keyof TapCount) => counts.reduce((total, count) => total + count[of], 0);
      const [passed, failing, skipped] = [sum("passed"), sum("failed"), sum("skipped")];
      const ran = passed + failing;
      // tap may fail as a whole (it was killed, it could not start) without a single failing assertion: that is one failure.
      const failed = status !== 0 && failing === 0 && ran > 0 ? 1 : failing;
      if (ran === 0) write(`No test ran. tap said:\n${last.join("\n")}\n`);
      else if (failed > failing) write(`tap ended with status ${status}. It said last:\n${last.join("\n")}\n`);
      if (skipped > 0) write(`${skipped} skipped\n`);
      write(`${passed} passed, ${failed} failed\n`);
      return ran > 0 && failed === 0 ? 0 : 1;
    },
  };
}

function describe(event: TapEvent, number: number): string {
  if (event.kind === "bailout") return `tap gave up: ${event.reason}\n`;
  const { name, passed, failed, skipped, milliseconds, details } = event;
  const counts = `${passed} passed${failed > 0 ? `, ${failed} failed` : ""}${milliseconds === undefined ? "" : `, ${(milliseconds / 1_000).toFixed(1)} s`}`;
  const lines = [
    `${failed > 0 ? "FAIL" : "ok  "} ${String(number).padStart(3)} ${name} (${counts})`,
    ...skipped.map((reason) => `         skipped: ${reason}`),
    ...details.map((detail) => `         ${detail}`),
  ];
  return `${lines.join("\n")}\n`;
}
