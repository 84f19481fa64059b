import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type pg from "pg";
import { rows } from "../database/pool.ts";
import { checkRequest, findProvider } from "./index.ts";
import { contextFor } from "./fetch-and-land.ts";

/**
 * Whether asking would bring a body that was not landed last time: of a file that comes with marketbase the sha256 tells; a provider on
 * the network has to be asked to know, so that counts as true.
 */
export async function hasNewBody(pool: pg.Pool, request: { provider: string; dataset: string; subject: string }): Promise<boolean> {
  const provider = findProvider(request.provider);
  const wanted = checkRequest(provider, request);
  if (provider.hosts.length > 0) return true;
  const source = await provider.source(wanted, contextFor(pool, provider, process.env));
  if (source.kind !== "file") return true;
  const sha256 = createHash("sha256").update(await readFile(source.path)).digest("hex");
  const [latest] = await rows<{ sha256: string }>(
    pool,
    `select sha256 from ingest.raw_response
     where provider = $1 and dataset = $2 and subject = $3 and url = $4 order by raw_response_id desc limit 1`,
    [provider.name, wanted.dataset, wanted.subject, source.url],
  );
  return latest?.sha256 !== sha256;
}
