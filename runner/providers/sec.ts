import { z } from "zod";
import { EXIT, UserError } from "../config/user-error.ts";
import type { Provider, ProviderContext } from "./provider.ts";

const tickersSchema = z.record(z.string(), z.object({ cik_str: z.number().int().positive(), ticker: z.string() }));

/** EDGAR of the U.S. Securities and Exchange Commission: the facts of a company as it reported them (companyfacts). */
export const sec: Provider = {
  name: "sec",
  datasets: ["fundamentals"],
  subject: /^[A-Z0-9][A-Z0-9.-]{0,15}$/,
  hosts: ["data.sec.gov", "www.sec.gov"],
  // Ten requests a second are allowed.
  limit: { requests: 5, perSeconds: 1 },
  async source({ subject }, context) {
    const headers = { accept: "application/json", "user-agent": `marketbase ${contact(context)}` };
    const cik = (await context.cik(subject)) ?? (await findCik(subject, headers, context));
    return { kind: "http", url: `https://data.sec.gov/api/xbrl/companyfacts/CIK${cik}.json`, headers };
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
