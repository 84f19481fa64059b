/** What can be asked of a provider. */
export const datasets = ["bars", "fundamentals", "trades", "documents", "actions", "sessions", "members"] as const;
export type Dataset = (typeof datasets)[number];

/** One thing to fetch. */
export interface FetchRequest {
  readonly dataset: Dataset;
  /** Symbol, or the name of a portfolio or a collection. */
  readonly subject: string;
  /** First and last day that are wanted, YYYY-MM-DD, where the provider can tell them apart. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
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
  /** Time between two requests of this process. */
  readonly intervalMilliseconds: number;
  source(request: FetchRequest, context: ProviderContext): Promise<Source> | Source;
}

