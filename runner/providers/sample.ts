import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { repositoryRoot } from "../config/config.ts";
import { EXIT, UserError } from "../config/user-error.ts";
import type { FileSource, Provider } from "./provider.ts";

interface Sample {
  readonly path: () => string;
  readonly url: string;
  readonly contentType: string;
}

/** The samples by dataset and subject: real bars from npm packages, and files of db/samples. */
const samples: Readonly<Record<string, Sample>> = {
  "bars AAPL": packageFile("@observablehq/sample-datasets", "aapl.csv"),
  "bars ^GSPC": packageFile("vega-datasets", "data/sp500-2000.csv"),
  "actions AAPL": ownFile("aapl-actions.csv", "text/csv"),
  "fundamentals AAPL": ownFile("apple-companyfacts.json", "application/json"),
  "trades demo": ownFile("demo-trades.csv", "text/csv"),
  "documents notes": ownFile("documents.ndjson", "application/x-ndjson"),
};

/** The samples that come with marketbase, for trying it out without a network. */
export const sample: Provider = {
  name: "sample",
  datasets: ["bars", "actions", "fundamentals", "trades", "documents"],
  subject: /^[A-Za-z0-9^][A-Za-z0-9.^=_-]{0,31}$/,
  hosts: [],
  source({ dataset, subject }): FileSource {
    const found = samples[`${dataset} ${subject}`];
    if (found === undefined) {
      throw new UserError(`There is no sample of ${dataset} for ${subject}.`, {
        exitCode: EXIT.failed,
        hint: `Samples: ${Object.keys(samples).join(", ")}.`,
      });
    }
    return { kind: "file", path: found.path(), url: found.url, contentType: found.contentType };
  },
};

/** A file inside an npm package, which need not be among its exports. */
function packageFile(name: string, file: string): Sample {
  return {
    url: `npm:${name}/${file}`,
    contentType: "text/csv",
    path() {
      const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
      const path = folders.map((folder) => join(folder, name, file)).find((candidate) => existsSync(candidate));
      if (path === undefined) throw new UserError(`The npm package ${name} with the sample bars is not installed.`, { hint: "Run npm ci." });
      return path;
    },
  };
}

function ownFile(file: string, contentType: string): Sample {
  return { url: `file:db/samples/${file}`, contentType, path: () => join(repositoryRoot, "db/samples", file) };
}
