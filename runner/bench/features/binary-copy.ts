/** COPY's binary format, as far as it is needed here: https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format". */

/** What stands before the rows. */
export const copyHeader = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
/** What stands after them. */
export const copyTrailer = Buffer.from([0xff, 0xff]);

/** Milliseconds from 1970 to 2000, from where PostgreSQL counts its microseconds. */
const EPOCH = Date.UTC(2000, 0, 1);
const DAY = 86_400_000;

/** Writes rows into a buffer of a fixed size; who writes sees to it that they fit. */
export interface RowWriter {
  /** Begins a row of so many fields. */
  row(fields: number): void;
  bigint(value: number): void;
  double(value: number): void;
  text(value: Buffer): void;
  /** A timestamptz, from milliseconds since 1970. */
  time(milliseconds: number): void;
  date(milliseconds: number): void;
  /** `double precision[]` of one dimension; NaN is written as NULL. */
  doubles(values: Float64Array, from: number, count: number): void;
  /** Bytes written so far. */
  used(): number;
  /** What was written; the next row stands at the beginning of a new buffer. */
  take(): Buffer;
}

const FLOAT8 = 701;

/** Makes a writer for chunks of up to `size` bytes. */
export function rowWriter(size: number): RowWriter {
  let buffer = Buffer.allocUnsafeSlow(size);
  let view = new DataView(buffer.buffer);
  let at = 0;
  const long = (value: number) => {
    const high = Math.floor(value / 4_294_967_296);
    view.setInt32(at, 8);
    view.setInt32(at + 4, high);
    view.setUint32(at + 8, value - high * 4_294_967_296);
    at += 12;
  };
  return {
    row: (fields) => {
      view.setInt16(at, fields);
      at += 2;
    },
    bigint: long,
    double: (value) => {
      view.setInt32(at, 8);
      view.setFloat64(at + 4, value);
      at += 12;
    },
    text: (value) => {
      view.setInt32(at, value.length);
      buffer.set(value, at + 4);
      at += 4 + value.length;
    },
    time: (milliseconds) => long((milliseconds - EPOCH) * 1_000),
    date: (milliseconds) => {
      view.setInt32(at, 4);
      view.setInt32(at + 4, Math.floor((milliseconds - EPOCH) / DAY));
      at += 8;
    },
    doubles: (values, from, count) => {
      const length = at;
      view.setInt32(at + 4, 1);
      view.setInt32(at + 12, FLOAT8);
      view.setInt32(at + 16, count);
      view.setInt32(at + 20, 1);
      at += 24;
      let nulls = 0;
      for (let i = from; i < from + count; i++) {
        const value = values[i] as number;
        if (Number.isNaN(value)) {
          nulls = 1;
          view.setInt32(at, -1);
          at += 4;
        } else {
          view.setInt32(at, 8);
          view.setFloat64(at + 4, value);
          at += 12;
        }
      }
      view.setInt32(length + 8, nulls);
      view.setInt32(length, at - length - 4);
    },
    used: () => at,
    take: () => {
      const taken = buffer.subarray(0, at);
      buffer = Buffer.allocUnsafeSlow(size);
      view = new DataView(buffer.buffer);
      at = 0;
      return taken;
    },
  };
}

/** Microseconds since 2000 at a place of a row, as milliseconds since 1970. */
export function readTime(buffer: Buffer, at: number): number {
  return (buffer.readInt32BE(at) * 4_294_967_296 + buffer.readUInt32BE(at + 4)) / 1_000 + EPOCH;
}
