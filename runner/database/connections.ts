/** For what a connection is used: each purpose has a role, and no purpose has more rights than it needs. */
export const purposes = ["admin", "migrator", "worker", "graphql", "reader", "analyst", "auditor", "author"] as const;

/** One of `purposes`. */
export type Purpose = (typeof purposes)[number];

/** Passwords of the login roles; a role without one is reached by `set role` from the admin's login. */
export interface LoginPasswords {
  readonly migrator?: string;
  readonly worker?: string;
  readonly authenticator?: string;
}

/** Gives the URL for a purpose; `database` names another database of the same server. */
export type UrlFor = (purpose: Purpose, database?: string) => string;

interface Route {
  /** The login role of the purpose. */
  login: keyof LoginPasswords;
  /** What is set at connection when the login role itself is used. */
  own: Record<string, string>;
  /** What is set at connection when another login takes the role: limits of a role do not follow `set role`. */
  taken: Record<string, string>;
}

// The limits of people at a prompt: longer than those of the GraphQL server, which share the login.
const interactive = { statement_timeout: "15min", idle_in_transaction_session_timeout: "30min", transaction_timeout: "1h" };
const limits = {
  migrator: { statement_timeout: "1h", lock_timeout: "10s", idle_in_transaction_session_timeout: "10min", transaction_timeout: "2h" },
  worker: { statement_timeout: "30min", lock_timeout: "30s", idle_in_transaction_session_timeout: "5min", transaction_timeout: "1h" },
  authenticator: { statement_timeout: "30s", lock_timeout: "5s", idle_in_transaction_session_timeout: "30s", transaction_timeout: "60s" },
};

function person(role: string): Route {
  return { login: "authenticator", own: { role, ...interactive }, taken: { role, lock_timeout: "5s", ...interactive } };
}

const routes: Record<Exclude<Purpose, "admin">, Route> = {
  migrator: { login: "migrator", own: {}, taken: { role: "marketbase_owner", ...limits.migrator } },
  worker: { login: "worker", own: {}, taken: { role: "marketbase_worker", ...limits.worker } },
  graphql: { login: "authenticator", own: {}, taken: { role: "marketbase_authenticator", ...limits.authenticator } },
  reader: person("marketbase_reader"),
  analyst: person("marketbase_analyst"),
  auditor: person("marketbase_auditor"),
  author: person("marketbase_author"),
};

/** Builds the URLs of one server from the URL of its administrator and the passwords of the login roles. */
export function connectionUrls(adminUrl: string, passwords: LoginPasswords): UrlFor {
  return (purpose, database) => {
    const url = new URL(adminUrl);
    if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`;
    if (purpose === "admin") return url.href;
    const route = routes[purpose];
    const password = passwords[route.login];
    if (password !== undefined) {
      url.username = `marketbase_${route.login}`;
      url.password = encodeURIComponent(password);
      url.searchParams.delete("user");
      url.searchParams.delete("password");
    }
    return withSettings(url, password === undefined ? route.taken : route.own);
  };
}

/** Adds settings to a connection URL as `options`, which psql, pg and JDBC all understand. */
function withSettings(url: URL, settings: Record<string, string>): string {
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  if (options.length === 0) return url.href;
  const existing = url.searchParams.get("options");
  url.searchParams.delete("options");
  // libpq wants %20 where URLSearchParams writes a plus sign.
  const encoded = encodeURIComponent([...(existing === null ? [] : [existing]), ...options].join(" "));
  url.search = `${url.search === "" ? "?" : `${url.search}&`}options=${encoded}`;
  return url.href;
}
