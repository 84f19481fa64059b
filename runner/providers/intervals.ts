const unitSeconds: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** The length of bars such as 5m, 1h, 1d or 1w in seconds; a month counts as 31 days. */
export function intervalSeconds(interval: string): number {
  const [, count = "", unit = ""] = /^(\d+)(m|h|d|w|mo)$/.exec(interval) ?? [];
  return Number(count) * (unitSeconds[unit] ?? 31 * 86_400);
}

/** Whether bars are shorter than a day. */
export function isIntraday(interval: string): boolean {
  return intervalSeconds(interval) < 86_400;
}

/** The first moment of a day, in seconds since 1970. */
export function startOfDay(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / 1_000;
}

/** The day of a moment in seconds since 1970, YYYY-MM-DD. */
export function dayOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(0, 10);
}
