import { boundsOf, knownFromOf, revisionOf, tsOf, valuesOf, type Value } from "./packed.ts";
import type { OnlineAnswer } from "./read.ts";

/** Room for all of a vector but its symbol, labels and values. */
const VECTOR_BYTES = 160;
const NULL = Buffer.from("null");

/** Bytes of a page, in which an answer is put together; what is longer gets a page of its own, once. */
const PAGE_BYTES = 1 << 20;
/** Pages of answers that were sent. Fresh memory for each answer would cost page faults, and a collection of the whole heap every second or two. */
const spare: Buffer[] = [];
const MOST_SPARE = 8;

/** An answer, to be released when it has been sent. */
export interface Json {
  readonly body: Buffer;
  release(): void;
}

/** A text as JSON without a character beyond ASCII, so that every character is a byte. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * The answer as JSON: set, version, and for each symbol the bar, from when it could be known, its revision and the values by name. Numbers have as
 * many digits as it takes to read the same double again; what JSON has no number for is the text NaN, Infinity or -Infinity. The values are copied as
 * the database wrote them, byte by byte: at twenty bytes each that is quicker than any call, and it leaves nothing to collect.
 */
export function toJson({ set, version, vectors, selection: { positions, labels, labelBytes } }: OnlineAnswer): Json {
  const head = `{"set":${asciiJson(set)},"version":${asciiJson(version)},"instruments":[`;
  const bytesOf = ({ symbol, vector }: OnlineAnswer["vectors"][number]) =>
    symbol.length * 6 + VECTOR_BYTES + (vector === undefined ? 0 : labelBytes + positions.length * NULL.length + vector.bytes.length);
  const most = vectors.reduce((sum, one) => sum + bytesOf(one), head.length + 8);
  const into = most > PAGE_BYTES ? Buffer.allocUnsafeSlow(most) : (spare.pop() ?? Buffer.allocUnsafeSlow(PAGE_BYTES));
  let at = into.write(head, 0, "latin1");
  for (let i = 0; i < vectors.length; i++) {
    const { symbol, vector } = vectors[i] as OnlineAnswer["vectors"][number];
    const start = `${i === 0 ? "" : ","}{"symbol":${asciiJson(symbol)},`;
    if (vector === undefined) {
      at += into.write(`${start}"ts":null,"known_from":null,"revision":null,"values":null}`, at, "latin1");
      continue;
    }
    at += into.write(`${start}"ts":"${tsOf(vector)}","known_from":"${knownFromOf(vector)}","revision":${revisionOf(vector)},"values":{`, at, "latin1");
    const { bounds, count } = boundsOf(vector);
    for (let j = 0; j < positions.length; j++) {
      const position = positions[j] as number;
      const label = labels[j] as Buffer;
      at = append(into, at, label, 0, label.length);
      at = position < count ? append(into, at, vector.bytes, bounds[position] as number, (bounds[position + 1] as number) - 1) : append(into, at, NULL, 0, NULL.length);
    }
    at += into.write("}}", at, "latin1");
  }
  at += into.write("]}\n", at, "latin1");
  const release = () => {
    if (into.length === PAGE_BYTES && spare.length < MOST_SPARE) spare.push(into);
  };
  return { body: into.subarray(0, at), release };
}

function append(into: Buffer, at: number, bytes: Buffer, from: number, to: number): number {
  for (let i = from; i < to; i++) into[at++] = bytes[i] as number;
  return at;
}

/** The values of one vector by name, for those who write JSON themselves. */
export function valuesByName({ names, positions }: OnlineAnswer["selection"], vector: NonNullable<OnlineAnswer["vectors"][number]["vector"]>): Record<string, Value> {
  const values = valuesOf(vector);
  return Object.fromEntries(names.map((name, i) => [name, values[positions[i] as number] ?? null]));
}
