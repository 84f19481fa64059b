/** What a stream of TAP has said so far. */
export interface TapCount {
  passed: number;
  failed: number;
  skipped: number;
}

/** Something worth showing while the tests run. */
export type TapEvent =
  | { kind: "file"; name: string; passed: number; failed: number; skipped: string[]; milliseconds: number | undefined; details: string[] }
  | { kind: "bailout"; reason: string };

const testPoint = /^( *)(not )?ok\b(?: \d+)?(?: - )?(.*)$/;

/**
 * Counts assertions in TAP as it arrives, line by line. A test point that closes an indented block repeats what the block said, so only
 * the innermost points count, and a passing one not at the outermost level, where it stands for a file; one that closes a block without any
 * failure of its own and still says `not ok` (a time-out, a wrong plan) counts too.
 */
export function countTap(onEvent: (event: TapEvent) => void = () => undefined): { line(text: string): void; count: TapCount } {
  const count: TapCount = { passed: 0, failed: 0, skipped: 0 };
  // For each level of indentation: what the open block at that level has counted.
  let blocks = new Map<number, TapCount>();
  let file = { details: [] as string[], skipped: [] as string[] };
  let inFailure: number | undefined;

  const line = (text: string): void => {
    const bailout = /^\s*Bail out!\s*(.*)$/.exec(text);
    if (bailout !== null) onEvent({ kind: "bailout", reason: bailout[1] ?? "" });
    const match = testPoint.exec(text);
    if (match === null) {
      if (inFailure !== undefined && text.startsWith(" ".repeat(inFailure)) && file.details.length < 200) file.details.push(text);
      if (/^\s*\.\.\.$/.test(text)) inFailure = undefined;
      return;
    }
    const [, indent = "", not, rest = ""] = match;
    const level = indent.length;
    const inner = [...blocks].filter(([depth]) => depth > level);
    const own = inner.reduce((sum, [, block]) => add(sum, block), { passed: 0, failed: 0, skipped: 0 });
    blocks = new Map([...blocks].filter(([depth]) => depth <= level));
    const skip = /# (?:SKIP|TODO)\b\s*(.*)$/i.exec(rest);
    const isLeaf = inner.length === 0;
    const result: TapCount = { passed: 0, failed: 0, skipped: 0 };
    if (skip !== null && isLeaf) result.skipped = 1;
    else if (not !== undefined && (isLeaf || own.failed === 0)) result.failed = 1;
    else if (isLeaf && level > 0) result.passed = 1;
    inFailure = undefined;
    if (result.failed > 0) {
      inFailure = level;
      file.details.push(text);
    }
    if (result.skipped > 0) file.skipped.push(rest);
    count.passed += result.passed;
    count.failed += result.failed;
    count.skipped += result.skipped;
    const total = add(own, result);
    blocks.set(level, add(blocks.get(level) ?? { passed: 0, failed: 0, skipped: 0 }, total));
    if (level === 0) {
      const time = /# time=([\d.]+)(ms|s|m)?/.exec(rest);
      const scale = { ms: 1, s: 1_000, m: 60_000 }[time?.[2] ?? "ms"] ?? 1;
      onEvent({
        kind: "file",
        name: rest.replace(/ # (time=|SKIP|TODO).*$/i, "").replace(/ \{$/, ""),
        ...total,
        skipped: file.skipped,
        milliseconds: time === null ? undefined : Number(time[1]) * scale,
        details: file.details,
      });
      file = { details: [], skipped: [] };
      blocks = new Map();
    }
  };
  return { line, count };
}

function add(a: TapCount, b: TapCount): TapCount {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}
