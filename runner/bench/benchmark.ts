import type { UrlFor } from "../database/connections.ts";
import type { Progress } from "../output/progress.ts";

/** With what a benchmark runs. */
export interface BenchmarkContext {
  /** A migrated database that is the benchmark's own and is thrown away afterwards. */
  readonly database: { readonly urlFor: UrlFor };
  /** The process of the server, for counting its time and memory. */
  readonly serverPid: number | undefined;
  /** An empty folder for files, removed afterwards. */
  readonly folder: string;
  readonly progress: Progress;
  /** 1 is the size that the figures are about; less is a trial. */
  readonly scale: number;
  /** How often each thing is measured. */
  readonly rounds: number;
  /** Also what takes long. */
  readonly full: boolean;
}

/** Figures under their names; the names are the headings of a table. */
export type Row = Readonly<Record<string, string | number>>;

/** What a benchmark found. */
export interface BenchmarkResult {
  readonly rows: readonly Row[];
  /** Further tables. */
  readonly tables?: readonly { readonly title: string; readonly rows: readonly Row[] }[];
  /** Sentences below the tables: what was left out and why. */
  readonly notes?: readonly string[];
  /** Each single measurement, for the JSON. */
  readonly raw?: readonly Row[];
}

/** A benchmark: a file of this folder that exports `benchmark`, listed in `benchmarks.ts`. */
export interface Benchmark {
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  run(context: BenchmarkContext): Promise<BenchmarkResult>;
}
