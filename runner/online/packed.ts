import { crc32 } from "node:zlib";

/** Bytes before the values: magic, generation, version of the set, instrument, ts, known_from, revision. */
const HEADER = 48;
const CHECKSUM = 4;
const MAGIC = 0x4d425632;
const OPEN = "[".charCodeAt(0);
const COMMA = ",".charCodeAt(0);
const CLOSE = "]".charCodeAt(0);

/** Bytes from the start of a value that hold magic and generation: enough to see whether it is outdated. */
export const GENERATION_BYTES = 12;

/** A vector as `feature.online_vectors` wrote it, not yet decoded. */
export interface PackedVector {
  readonly bytes: Buffer;
  readonly generation: number;
  readonly featureSetVersionId: number;
  readonly instrumentId: number;
}

/** The generation of a value of which at least the first bytes are there; undefined for anything else. */
export function readGeneration(bytes: Buffer | null): number | undefined {
  return bytes !== null && bytes.length >= GENERATION_BYTES && bytes.readUInt32BE(0) === MAGIC ? wholeAt(bytes, 4) : undefined;
}

/** Looks at a value: undefined unless it is whole and undamaged. */
export function unpack(bytes: Buffer | null): PackedVector | undefined {
  if (bytes === null || bytes.length < HEADER + 2 + CHECKSUM || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const end = bytes.length - CHECKSUM;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end) || bytes[HEADER] !== OPEN || bytes[end - 1] !== CLOSE) return undefined;
  return { bytes, generation: wholeAt(bytes, 4), featureSetVersionId: wholeAt(bytes, 12), instrumentId: wholeAt(bytes, 20) };
}

/** A value: null where the feature has none; NaN and infinities are texts. */
export type Value = number | string | null;

/** The values. Errors: none but for what another hand wrote. */
export function valuesOf({ bytes }: PackedVector): Value[] {
  return JSON.parse(bytes.toString("latin1", HEADER, bytes.length - CHECKSUM)) as Value[];
}

let bounds = new Int32Array(1_024);

/**
 * Where the values lie in the bytes: the i-th, as JSON, from bounds[i] to before bounds[i + 1] - 1. Good until the next call. No value has a comma or a
 * bracket in it.
 */
export function boundsOf({ bytes }: PackedVector): { readonly bounds: Int32Array; readonly count: number } {
  if (bounds.length < bytes.length) bounds = new Int32Array(bytes.length * 2);
  let count = 0;
  let at = HEADER + 1;
  bounds[0] = at;
  for (let byte = OPEN; byte !== CLOSE; at++) {
    byte = bytes[at] as number;
    if (byte === COMMA || byte === CLOSE) bounds[++count] = at + 1;
  }
  return { bounds, count };
}

/** Start of the bar. */
export function tsOf({ bytes }: PackedVector): string {
  return timeAt(bytes, 28);
}

/** From when the values could be known. */
export function knownFromOf({ bytes }: PackedVector): string {
  return timeAt(bytes, 36);
}

/** Number of the revision. */
export function revisionOf({ bytes }: PackedVector): number {
  return bytes.readInt32BE(44);
}

/** A whole number of 8 bytes that a double can hold. */
function wholeAt(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

/** Milliseconds from 1970 to 2000, where PostgreSQL counts from. */
const EPOCH_MS = 946_684_800_000;
const FOREVER = 2n ** 63n - 1n;
/** What Date can say, in milliseconds. */
const LAST_MS = 8.64e15;

/** The last times that were written, by their 8 bytes: most vectors of an answer have the same bar. */
const written = new Map<bigint, string>();

function timeAt(bytes: Buffer, at: number): string {
  const stored = bytes.readBigInt64BE(at);
  let text = written.get(stored);
  if (text === undefined) {
    if (written.size >= 1_000) written.clear();
    text = timeText(stored);
    written.set(stored, text);
  }
  return text;
}

/** A time as ISO 8601 in UTC with as many digits as it needs, or infinity, as PostgreSQL calls it. */
function timeText(stored: bigint): string {
  if (stored === FOREVER) return "infinity";
  if (stored === -FOREVER - 1n) return "-infinity";
  const micro = Number(((stored % 1000n) + 1000n) % 1000n);
  const ms = Number((stored - BigInt(micro)) / 1000n) + EPOCH_MS;
  if (Math.abs(ms) > LAST_MS) return `${ms / 1000} seconds since 1970`;
  const text = new Date(ms).toISOString();
  if (micro !== 0) return `${text.slice(0, -1)}${String(micro).padStart(3, "0")}Z`;
  return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
}
