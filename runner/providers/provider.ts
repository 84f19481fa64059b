import { EXIT, UserError } from "../config/user-error.ts";

/** What can be asked of a provider. */
export const datasets = ["bars", "actions", "fundamentals", "filings", "identifiers", "macro", "sessions", "members", "trades", "documents"] as const;
export type Dataset = (typeof datasets)[number];

/** One thing to fetch. */
export interface FetchRequest {
  readonly dataset: Dataset;
  /** Symbol, or the name of a portfolio or a collection. */
  readonly subject: string;
  /** First and last day that are wanted, YYYY-MM-DD, where the provider can tell them apart. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Length of the bars, such as 1m, 1h, 1d, 1w or 1mo; a day unless said. */
  readonly interval?: string | undefined;
}

/** An address to ask, over https. */
export interface HttpSource {
  readonly kind: "http";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A file that comes with marketbase. */
export interface FileSource {
  readonly kind: "file";
  readonly path: string;
  /** How the file is named in ingest.raw_response. */
  readonly url: string;
  readonly contentType: string;
}

export type Source = HttpSource | FileSource;

/** A page as it came: what was asked, and the answer. */
export interface Page {
  readonly source: HttpSource;
  readonly status: number;
  readonly body: Buffer;
}

/** What a provider may use to find out what to ask. */
export interface ProviderContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The SEC's key of a company, where marketbase knows it already. */
  cik(symbol: string): Promise<string | undefined>;
  /** The JSON behind an address of this provider. */
  json(source: HttpSource): Promise<unknown>;
}

/** A provider: where to ask, and within which limits. What its bodies mean is known to its SQL normaliser alone. */
export interface Provider {
  readonly name: string;
  readonly datasets: readonly Dataset[];
  /** What a subject may look like; anything else is refused before it becomes part of an address. */
  readonly subject: RegExp;
  /** The only hosts that are reached. */
  readonly hosts: readonly string[];
  /** How often it may be asked; absent where nothing is asked over the network. */
  readonly limit?: { readonly requests: number; readonly perSeconds: number };
  /** The key that it wants, in the environment variable MARKETBASE_<PROVIDER>_KEY, and where to get one. */
  readonly key?: { readonly from: string; readonly required: boolean };
  /** Lengths of the bars that it has; a day alone unless said. */
  readonly intervals?: readonly string[];
  source(request: FetchRequest, context: ProviderContext): Promise<Source> | Source;
  /** What to ask after a page that was landed; undefined when it was the last. Absent where everything comes in one body. */
  next?(page: Page, request: FetchRequest, context: ProviderContext): HttpSource | undefined;
}

/** The environment variable that holds the key of a provider. */
export function keyVariable(provider: Pick<Provider, "name">): string {
  return `MARKETBASE_${provider.name.toUpperCase()}_KEY`;
}

/** The key of a provider as the environment gives it, or undefined. */
export function keyOf(provider: Pick<Provider, "name">, environment: ProviderContext["environment"]): string | undefined {
  const key = environment[keyVariable(provider)]?.trim();
  return key === "" ? undefined : key;
}

/** The key of a provider, or one sentence that says how to come by it. */
export function requireKey(provider: Pick<Provider, "name" | "key">, environment: ProviderContext["environment"]): string {
  const key = keyOf(provider, environment);
  const variable = keyVariable(provider);
  if (key === undefined) {
    throw new UserError(`The provider ${provider.name} wants a key, and ${variable} does not hold one.`, {
      exitCode: EXIT.usage,
      hint: `Get one at ${provider.key?.from ?? "its site"} and set ${variable}; marketbase providers lists those that need none.`,
    });
  }
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UserError(`${variable} holds something that cannot be a key.`, { exitCode: EXIT.usage });
  return key;
}
