import { knownFromOf, revisionOf, tsOf, valuesOf } from "./packed.ts";
import type { OnlineAnswer } from "./read.ts";

/** Longest text of a double, such as -1.2345678901234567e-308. */
const NUMBER_BYTES = 25;
/** Room for all of a vector but its symbol, labels and values. */
const VECTOR_BYTES = 160;

/** Where answers are put together: one at a time, so that one is enough. Writing into it costs half of joining thousands of texts. */
let scratch = Buffer.allocUnsafe(1 << 16);

/** A text as JSON without a character beyond ASCII, so that every character is a byte. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * The answer as JSON: set, version, and for each symbol the bar, from when it could be known, its revision and the values by name. Numbers have as
 * many digits as it takes to read the same double again; what JSON has no number for is the text NaN, Infinity or -Infinity, as PostgreSQL writes it.
 */
export function toJson({ set, version, vectors, selection: { positions, labels, labelBytes } }: OnlineAnswer): Buffer {
  const head = `{"set":${asciiJson(set)},"version":${asciiJson(version)},"instruments":[`;
  const symbols = vectors.map(({ symbol }) => asciiJson(symbol));
  const most = head.length + symbols.reduce((sum, { length }) => sum + length, 0) + vectors.length * (VECTOR_BYTES + labelBytes + positions.length * NUMBER_BYTES) + 8;
  if (scratch.length < most) scratch = Buffer.allocUnsafe(most);
  let at = scratch.write(head, 0, "latin1");
  for (let i = 0; i < vectors.length; i++) {
    const vector = vectors[i]?.vector;
    const start = `${i === 0 ? "" : ","}{"symbol":${symbols[i]},`;
    if (vector === undefined) {
      at += scratch.write(`${start}"ts":null,"known_from":null,"revision":null,"values":null}`, at, "latin1");
      continue;
    }
    at += scratch.write(`${start}"ts":"${tsOf(vector)}","known_from":"${knownFromOf(vector)}","revision":${revisionOf(vector)},"values":{`, at, "latin1");
    const values = valuesOf(vector);
    for (let j = 0; j < positions.length; j++) {
      at += scratch.write(labels[j] as string, at, "latin1");
      at += scratch.write(numberText(values[positions[j] as number] ?? null), at, "latin1");
    }
    at += scratch.write("}}", at, "latin1");
  }
  at += scratch.write("]}\n", at, "latin1");
  return Buffer.from(scratch.subarray(0, at));
}

/** The values of one vector by name, for those who write JSON themselves. */
export function valuesByName({ names, positions }: OnlineAnswer["selection"], vector: NonNullable<OnlineAnswer["vectors"][number]["vector"]>): Record<string, number | string | null> {
  const values = valuesOf(vector);
  return Object.fromEntries(
    names.map((name, i) => {
      const value = values[positions[i] as number] ?? null;
      return [name, value === null || Number.isFinite(value) ? value : String(value)];
    }),
  );
}

function numberText(value: number | null): string {
  if (value === null) return "null";
  if (!Number.isFinite(value)) return `"${value}"`;
  return value === 0 && Object.is(value, -0) ? "-0" : String(value);
}
