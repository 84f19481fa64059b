import { crc32 } from "node:zlib";

/** Bytes before the array: magic, generation, version of the set, instrument, ts, known_from, revision. */
const HEADER = 48;
/** Bytes of the array before its first element: dimensions, flag, type, length and first index. */
const ARRAY_HEADER = 20;
const CHECKSUM = 4;
const MAGIC = 0x4d425631;
const FLOAT8 = 701;

/** Bytes from the start of a value that hold magic and generation: enough to see whether it is outdated. */
export const GENERATION_BYTES = 12;

/** A vector as `feature.packed_vector` wrote it, not yet decoded. */
export interface PackedVector {
  readonly bytes: Buffer;
  readonly generation: number;
  readonly featureSetVersionId: number;
  readonly instrumentId: number;
  readonly count: number;
}

/** The generation of a value of which at least the first bytes are there; undefined for anything else. */
export function readGeneration(bytes: Buffer | null): number | undefined {
  return bytes !== null && bytes.length >= GENERATION_BYTES && bytes.readUInt32BE(0) === MAGIC ? Number(bytes.readBigInt64BE(4)) : undefined;
}

/** Looks at a value: undefined unless it is whole, undamaged and well formed to its last byte. */
export function unpack(bytes: Buffer | null): PackedVector | undefined {
  if (bytes === null || bytes.length < HEADER + ARRAY_HEADER + CHECKSUM || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const end = bytes.length - CHECKSUM;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) return undefined;
  if (bytes.readInt32BE(HEADER) !== 1 || bytes.readInt32BE(HEADER + 8) !== FLOAT8) return undefined;
  const count = bytes.readInt32BE(HEADER + 12);
  let at = HEADER + ARRAY_HEADER;
  for (let i = 0; i < count; i++) {
    if (at + 4 > end) return undefined;
    const length = bytes.readInt32BE(at);
    if (length !== 8 && length !== -1) return undefined;
    at += length === 8 ? 12 : 4;
  }
  if (at !== end) return undefined;
  return {
    bytes,
    generation: Number(bytes.readBigInt64BE(4)),
    featureSetVersionId: Number(bytes.readBigInt64BE(12)),
    instrumentId: Number(bytes.readBigInt64BE(20)),
    count,
  };
}

/** The values, null where the feature has none. */
export function valuesOf({ bytes, count }: PackedVector): (number | null)[] {
  const values = new Array<number | null>(count);
  let at = HEADER + ARRAY_HEADER;
  for (let i = 0; i < count; i++) {
    if (bytes[at] === 0xff) {
      values[i] = null;
      at += 4;
    } else {
      values[i] = bytes.readDoubleBE(at + 4);
      at += 12;
    }
  }
  return values;
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

/** Milliseconds from 1970 to 2000, where PostgreSQL counts from. */
const EPOCH_MS = 946_684_800_000;
const FOREVER = 2n ** 63n - 1n;
/** What Date can say, in milliseconds. */
const LAST_MS = 8.64e15;

/** A time as ISO 8601 in UTC with as many digits as it needs, or infinity, as PostgreSQL calls it. */
function timeAt(bytes: Buffer, at: number): string {
  const stored = bytes.readBigInt64BE(at);
  if (stored === FOREVER) return "infinity";
  if (stored === -FOREVER - 1n) return "-infinity";
  const micro = Number(((stored % 1000n) + 1000n) % 1000n);
  const ms = Number((stored - BigInt(micro)) / 1000n) + EPOCH_MS;
  if (Math.abs(ms) > LAST_MS) return `${ms / 1000} seconds since 1970`;
  const text = new Date(ms).toISOString();
  if (micro !== 0) return `${text.slice(0, -1)}${String(micro).padStart(3, "0")}Z`;
  return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
}
