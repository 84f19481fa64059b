import { z } from "zod";
import { EXIT, UserError } from "../config/user-error.ts";
import type { Provider, ProviderContext } from "./provider.ts";

const tickersSchema = z.record(z.string(), z.object({ cik_str: z.number().int().positive(), ticker: z.string() }));

const submissionsSchema = z.object({ filings: z.object({ files: z.array(z.object({ name: z.string().regex(/^CIK\d{10}-submissions-\d+\.json$/) })) }) });

/**
 * EDGAR of the U.S. Securities and Exchange Commission: the facts of a company as it reported them (companyfacts), its filings with their times of
 * acceptance (submissions), and the tickers of all companies.
 */
export const sec: Provider = {
  name: "sec",
  datasets: ["fundamentals", "filings", "identifiers"],
  subject: /^[A-Z0-9][A-Z0-9.-]{0,15}$/,
  hosts: ["data.sec.gov", "www.sec.gov"],
  // Ten requests a second are allowed.
  limit: { requests: 5, perSeconds: 1 },
  async source({ dataset, subject }, context) {
    const headers = { accept: "application/json", "user-agent": `marketbase ${contact(context)}` };
    if (dataset === "identifiers") return { kind: "http", url: "https://www.sec.gov/files/company_tickers.json", headers };
    if (dataset === "filings" && /^\d{10}$/.test(subject)) return { kind: "http", url: `https://data.sec.gov/submissions/CIK${subject}.json`, headers };
    const cik = (await context.cik(subject)) ?? (await findCik(subject, headers, context));
    return { kind: "http", url: dataset === "filings" ? `https://data.sec.gov/submissions/CIK${cik}.json` : `https://data.sec.gov/api/xbrl/companyfacts/CIK${cik}.json`, headers };
  },
  // The latest thousand filings say how many files of older ones there are; the fragment, which is not sent, keeps that in mind.
  next({ source, status, body }, { dataset }) {
    if (dataset !== "filings" || status !== 200) return undefined;
    const url = new URL(source.url);
    const [, at, of] = /-submissions-(\d{3})\.json#of-(\d+)$/.exec(url.href) ?? [];
    const files = at === undefined ? (submissionsSchema.safeParse(JSON.parse(body.toString("utf8"))).data?.filings.files.length ?? 0) : Number(of);
    const following = Number(at ?? 0) + 1;
    if (following > files) return undefined;
    url.pathname = url.pathname.replace(/(-submissions-\d{3})?\.json$/, `-submissions-${String(following).padStart(3, "0")}.json`);
    url.hash = `of-${files}`;
    return { ...source, url: url.href };
  },
};

/** The SEC's rules of fair access ask for a contact in the User-Agent. */
function contact({ environment }: ProviderContext): string {
  const given = environment["MARKETBASE_CONTACT"]?.trim();
  if (given === undefined || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(given)) {
    throw new UserError("The SEC asks every program for a contact address, and MARKETBASE_CONTACT does not hold one.", {
      exitCode: EXIT.usage,
      hint: "Set MARKETBASE_CONTACT=you@example.com and run the command again.",
    });
  }
  return given;
}

async function findCik(symbol: string, headers: Record<string, string>, context: ProviderContext): Promise<string> {
  const parsed = tickersSchema.safeParse(await context.json({ kind: "http", url: "https://www.sec.gov/files/company_tickers.json", headers }));
  if (!parsed.success) throw new UserError("The SEC's list of tickers has another shape than expected.", { hint: "Try again later.", cause: parsed.error });
  const company = Object.values(parsed.data).find(({ ticker }) => ticker.toUpperCase() === symbol.replaceAll(".", "-"));
  if (company === undefined) throw new UserError(`The SEC knows no company with the ticker ${symbol}.`, { hint: "Only companies that file with the SEC have fundamentals there." });
  return String(company.cik_str).padStart(10, "0");
}
