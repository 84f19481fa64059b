import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { repositoryRoot } from "../config/config.ts";

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const file = join(repositoryRoot, "docker-compose.yml");
const text = readFileSync(file, "utf8");
const { services, volumes } = parse(text, { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> };

t.test("the services of the issue, the vector stores by profile only", async (t) => {
  t.strictSame(Object.keys(services).sort(), ["chromadb", "graphql", "migrate", "pgadmin", "postgres", "redis", "weaviate", "worker"]);
  const byProfile = Object.entries(services).filter(([, { profiles }]) => profiles !== undefined);
  t.strictSame(byProfile.map(([name, { profiles }]) => [name, profiles]), [["weaviate", ["vector"]], ["chromadb", ["vector"]]]);
  t.match(services["postgres"]?.image, /^pgvector\/pgvector:pg18/);
});

t.test("every port is published on 127.0.0.1 alone", async (t) => {
  const ports = Object.values(services).flatMap(({ ports }) => ports ?? []);
  t.equal(ports.length, 7);
  for (const port of ports) t.match(port, /^127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+$/);
  for (const name of ["migrate", "worker"]) t.equal(services[name]?.ports, undefined, `${name} publishes nothing`);
});

t.test("what keeps running says whether it is well, and what keeps data has a named volume", async (t) => {
  for (const [name, { healthcheck }] of Object.entries(services)) t.equal(healthcheck !== undefined, name !== "migrate", name);
  const named = Object.values(services).flatMap(({ volumes }) => volumes ?? []).filter((volume) => !volume.startsWith("./")).map((volume) => volume.split(":")[0]);
  t.strictSame(named.sort(), Object.keys(volumes).sort());
  t.strictSame(named.sort(), ["chroma-data", "pgadmin-data", "postgres-data", "redis-data", "weaviate-data"]);
});

t.test("migrations run once, and the others wait for them", async (t) => {
  t.equal(services["migrate"]?.restart, "no");
  t.equal(services["migrate"]?.depends_on?.["postgres"]?.condition, "service_healthy");
  for (const name of ["worker", "graphql"]) t.equal(services[name]?.depends_on?.["migrate"]?.condition, "service_completed_successfully", name);
});

t.test("only the migrations have the administrator's password, and every password can be replaced", async (t) => {
  for (const [name, { environment }] of Object.entries(services)) {
    for (const [variable, value] of Object.entries(environment ?? {})) {
      if (/PASSWORD|API_?KEY_ALLOWED|_URL$/.test(variable)) t.match(value, /\$\{[A-Z_]+:-[^}]{8,}\}/, `${name} ${variable}`);
      if (value.toString().includes("${POSTGRES_PASSWORD")) t.ok(name === "migrate" || name === "postgres", `${name} ${variable}`);
    }
  }
  t.match(services["postgres"]?.environment?.["POSTGRES_INITDB_ARGS"], /--auth-host=scram-sha-256/);
});

t.test("docker compose accepts it", async (t) => {
  for (const [command, ...words] of [["docker", "compose"], ["docker-compose"]] as const) {
    if (spawnSync(command, [...words, "version"]).status !== 0) continue;
    const { status, stderr } = spawnSync(command, [...words, "--profile", "vector", "--file", file, "config", "--quiet"], { encoding: "utf8" });
    t.equal(status, 0, stderr);
    return;
  }
  t.pass("docker compose config", { skip: "docker compose is not installed" });
});
