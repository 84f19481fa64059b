/** The fields of a row as COPY sends them in its binary format; null is NULL. They are views: what is to be kept must be copied. */
export type BinaryRow = (Buffer | null)[];

const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const headerLength = signature.length + 8;

/** Reads the rows of `copy … to stdout (format binary)`, a batch for each piece that arrives. The array of a row is used again for the next one. */
export async function* binaryRows(pieces: AsyncIterable<Buffer>): AsyncGenerator<Generator<BinaryRow>> {
  let rest: Buffer = Buffer.alloc(0);
  let begun = false;
  let ended = false;
  for await (const piece of pieces) {
    let buffer = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    if (!begun) {
      if (buffer.length < headerLength) {
        rest = buffer;
        continue;
      }
      if (!buffer.subarray(0, signature.length).equals(signature)) throw new Error("this is not COPY's binary format");
      const start = headerLength + buffer.readInt32BE(signature.length + 4);
      if (buffer.length < start) {
        rest = buffer;
        continue;
      }
      buffer = buffer.subarray(start);
      begun = true;
    }
    let offset = 0;
    yield (function* () {
      const row: BinaryRow = [];
      for (;;) {
        const next = readRow(buffer, offset, row);
        if (next === undefined) return;
        if (next === "end") {
          ended = true;
          offset += 2;
          return;
        }
        offset = next;
        yield row;
      }
    })();
    rest = buffer.subarray(offset);
  }
  if (!ended) throw new Error("the rows ended before their end was said");
}

/** Reads a row into `row`; gives where the next one begins, nothing when the row is not all there. */
function readRow(buffer: Buffer, start: number, row: BinaryRow): number | "end" | undefined {
  if (start + 2 > buffer.length) return undefined;
  const fields = buffer.readInt16BE(start);
  if (fields === -1) return "end";
  let offset = start + 2;
  row.length = fields;
  for (let i = 0; i < fields; i++) {
    if (offset + 4 > buffer.length) return undefined;
    const length = buffer.readInt32BE(offset);
    offset += 4;
    if (length === -1) {
      row[i] = null;
      continue;
    }
    if (offset + length > buffer.length) return undefined;
    row[i] = buffer.subarray(offset, offset + length);
    offset += length;
  }
  return offset;
}
