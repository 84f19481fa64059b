import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { createGunzip } from "node:zlib";
import type pg from "pg";
import { EXIT, UserError } from "../config/user-error.ts";
import { one } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";
import type { Landed } from "./fetch-and-land.ts";
import type { Dataset } from "./provider.ts";

/** A file of the user to land. */
export interface FileToLand {
  readonly runId: string | number;
  readonly dataset: Dataset;
  readonly path: string;
  /** What the whole file is about: the symbol of its bars. Without it the subject is its feed, or its name. */
  readonly about?: { readonly key: "symbol"; readonly value: string } | undefined;
  /** The feed to which it belongs, whatever the file is called: what an earlier file of it lacked was not to be had then. Without it and `about` that is the name of the file. */
  readonly feed?: string | undefined;
  /** What its prices are adjusted for, and until which ex-date (unless given: until now), where that is not the basis of files of the user, raw. */
  readonly basis?: { readonly price: string; readonly adjustedTo?: string | undefined } | undefined;
  /** A request of its own, whatever the file is called: what it is about, and how it is to be read. A later file for it takes the place of an earlier one. */
  readonly request?: { readonly subject: string; readonly url: string } | undefined;
}

/** A file up to this size is kept as one body; a larger one in pieces of about this size, cut at line ends. */
const PIECE_BYTES = 1024 * 1024;
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const MAX_FILE_BYTES = 64 * 1024 * 1024 * 1024;

/**
 * Stores the bytes of a file (unpacked, when its name ends in .gz) as a response of the provider csv. The file is streamed twice, once for
 * its sha256 and once into the database, and never held in memory.
 */
export async function landFile(pool: pg.Pool, file: FileToLand): Promise<Landed> {
  await requireFile(file.path);
  const first = await measure(file.path);
  const name = basename(file.path);
  const url = file.request?.url ?? `file:${encodeURI(name)}${query({
    ...(file.about === undefined ? {} : { [file.about.key]: file.about.value }), basis: file.basis?.price, adjusted_to: file.basis?.adjustedTo,
  })}`;
  const contentType = /\.(nd)?jsonl?(\.gz)?$/i.test(name) ? "application/x-ndjson" : "text/csv";
  const request = [file.runId, "csv", file.dataset, file.request?.subject ?? file.about?.value ?? file.feed ?? name, url, "READ", 200, "{}", contentType];
  return await transaction(pool, async (client) => {
    const landed = await one<{ raw_response_id: string; is_new: boolean }>(
      client,
      "select raw_response_id::text, is_new from ingest.record_response($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, null, $14, $15)",
      [...request, first.body ?? null, first.byteCount, first.sha256, new Date(), file.basis?.price ?? null, file.basis?.adjustedTo ?? null],
    );
    if (landed.is_new && first.body === undefined) await storePieces(client, landed.raw_response_id, file.path, first.sha256);
    return { rawResponseId: landed.raw_response_id, isNew: landed.is_new };
  });
}

/** Parameters as they stand in an address; none where none is given. */
function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).flatMap(([name, text]) => (text === undefined ? [] : [`${name}=${encodeURIComponent(text)}`]));
  return given.length === 0 ? "" : `?${given.join("&")}`;
}

/** Refuses what is not a file that can be read. */
export async function requireFile(path: string): Promise<void> {
  const info = await stat(path).catch((error: unknown) => {
    throw new UserError(`There is no file ${path}.`, { exitCode: EXIT.usage, cause: error });
  });
  if (!info.isFile()) throw new UserError(`${path} is not a file.`, { exitCode: EXIT.usage });
}

interface Measure {
  readonly byteCount: number;
  readonly sha256: string;
  /** The bytes themselves, when they are few. */
  readonly body: Buffer | undefined;
}

async function measure(path: string): Promise<Measure> {
  const hash = createHash("sha256");
  let byteCount = 0;
  let kept: Buffer[] | undefined = [];
  for await (const chunk of read(path)) {
    hash.update(chunk);
    byteCount += chunk.length;
    if (byteCount > MAX_FILE_BYTES) throw new UserError(`${path} has more than ${MAX_FILE_BYTES / 1024 ** 3} GB.`, { hint: "Split it and import the parts." });
    if (byteCount > PIECE_BYTES) kept = undefined;
    kept?.push(chunk);
  }
  return { byteCount, sha256: hash.digest("hex"), body: kept === undefined ? undefined : Buffer.concat(kept) };
}

/** Stores the file piece by piece. Parameters carry the bytes as they are; COPY, which does not reach a table with row-level security anyway, would carry them as text. */
async function storePieces(client: pg.PoolClient, rawResponseId: string, path: string, sha256: string): Promise<void> {
  const hash = createHash("sha256");
  let pieceNo = 0;
  for await (const piece of pieces(path)) {
    hash.update(piece);
    await client.query("insert into ingest.raw_response_chunk (raw_response_id, chunk_no, body) values ($1, $2, $3)", [rawResponseId, pieceNo++, piece]);
  }
  if (hash.digest("hex") !== sha256) throw new UserError(`${path} changed while it was read.`, { hint: "Import it again when nobody writes to it." });
}

/** Cuts the bytes into pieces that end with a line, so that each can be read by itself. */
async function* pieces(path: string): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of read(path)) {
    pending.push(chunk);
    size += chunk.length;
    if (size < PIECE_BYTES) continue;
    const bytes = Buffer.concat(pending, size);
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end > 0) yield bytes.subarray(0, end);
    const rest = bytes.subarray(end);
    if (rest.length > MAX_LINE_BYTES) throw new UserError(`${path} has a line of more than ${MAX_LINE_BYTES / 1024 ** 2} MB; it is not a file of rows.`);
    pending = [rest];
    size = rest.length;
  }
  if (size > 0) yield Buffer.concat(pending, size);
}

async function* read(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  if (!path.toLowerCase().endsWith(".gz")) {
    yield* file as AsyncIterable<Buffer>;
    return;
  }
  const unpacked = createGunzip();
  file.once("error", (error) => unpacked.destroy(error));
  try {
    yield* file.pipe(unpacked) as AsyncIterable<Buffer>;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code?.startsWith("Z_") !== true) throw error;
    throw new UserError(`${path} cannot be unpacked: it is damaged, or not a gzip file.`, { cause: error });
  } finally {
    file.destroy();
  }
}
