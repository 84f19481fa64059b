/** A symbol that names two currencies: EURUSD=X or BTC-USD, as Yahoo writes them and marketbase with it. */
export interface Pair {
  readonly kind: "fx" | "crypto";
  readonly base: string;
  readonly quote: string;
}

/** The pair that a symbol names, or undefined for a share or an index; BRK-B is a share. */
export function pairOf(symbol: string): Pair | undefined {
  const fx = /^([A-Z]{3})([A-Z]{3})=X$/.exec(symbol);
  const crypto = /^([A-Z0-9]{2,10})-([A-Z]{3,5})$/.exec(symbol);
  const [, base, quote] = fx ?? crypto ?? [];
  return base === undefined || quote === undefined ? undefined : { kind: fx === null ? "crypto" : "fx", base, quote };
}

/** What a pair of crypto-currencies may look like: BTC-USD, or run together as BTCUSDT. */
export const cryptoSubject = /^[A-Z0-9]{2,10}-?[A-Z]{3,5}$/;
