// The table of settings: every environment variable the server reads, with its default and what it does. Data only;
// config.ts reads them, `--help` prints them, and the README's table is held against them by a test.

/** One environment variable. */
export interface Setting {
  readonly name: string;
  /** As it would be written; empty where there is none. */
  readonly default: string;
  /** One sentence of Markdown. */
  readonly about: string;
}

export const settings = [
  {
    name: 'TERRARIUM_HOST',
    default: '127.0.0.1',
    about:
      'Address to listen on. Beyond loopback it needs `TERRARIUM_TOKEN` (or `TERRARIUM_TOKENS_FILE`) and `TERRARIUM_ALLOWED_HOSTS`.',
  },
  { name: 'TERRARIUM_PORT', default: '4242', about: 'Port to listen on; 0 takes a free one.' },
  {
    name: 'TERRARIUM_TOKEN',
    default: '',
    about:
      'The token that clients send, 16 visible ASCII characters or more. Without it one is generated at the first start and kept in `TERRARIUM_STATE_DIR/token`.',
  },
  {
    name: 'TERRARIUM_TOKENS_FILE',
    default: '',
    about:
      'File of named principals with hashed tokens, roles, rights and quotas, read anew when it changes (docs/access.md). Who holds `TERRARIUM_TOKEN` is admin all the same.',
  },
  {
    name: 'TERRARIUM_AUDIT_FILE',
    default: '',
    about:
      'File to which every change and every refusal is appended, a line of JSON each (mode 0600; it may be rotated by renaming). Without it they are in the log.',
  },
  {
    name: 'TERRARIUM_STATE_DIR',
    default: '~/.local/state/terrarium',
    about: 'Folder of the generated token, readable by you alone (`XDG_STATE_HOME` counts).',
  },
  {
    name: 'TERRARIUM_ALLOWED_HOSTS',
    default: '',
    about:
      'Names, with or without a port, by which clients may address the server beside loopback and `TERRARIUM_HOST`; separated by commas.',
  },
  {
    name: 'TERRARIUM_ALLOWED_ORIGINS',
    default: '',
    about: 'Origins (`https://lab.example`) of pages that may use the server beside its own; separated by commas.',
  },
  {
    name: 'DOCKER_HOST',
    default: 'unix:///var/run/docker.sock',
    about:
      'The engine where there is no `TERRARIUM_ENGINES_FILE`: `unix:///path`, `tcp://host:port` or `ssh://user@host`. [Engines](docs/engines.md) tells more.',
  },
  {
    name: 'DOCKER_TLS_VERIFY',
    default: '',
    about: 'Anything but empty: `DOCKER_HOST` is spoken to over TLS, and its certificate is verified.',
  },
  {
    name: 'DOCKER_CERT_PATH',
    default: '',
    about: 'Folder of `ca.pem`, `cert.pem` and `key.pem` for that; `~/.docker` unless told.',
  },
  {
    name: 'TERRARIUM_ENGINES_FILE',
    default: '',
    about:
      'A YAML or JSON file with any number of engines, [as described there](docs/engines.md); `DOCKER_HOST` does not count then.',
  },
  {
    name: 'TERRARIUM_INSECURE_ENGINE',
    default: 'false',
    about:
      '`true` accepts an engine over plain `tcp://` beyond loopback, and host mode over plain `tcp://`. Who can listen in there is root on the engine.',
  },
  { name: 'TERRARIUM_DEFAULT_IMAGE', default: 'busybox:latest', about: 'Image of containers that name none.' },
  {
    name: 'TERRARIUM_REGISTRIES',
    default: 'docker.io',
    about: 'Registries (`host[:port]`) from which images may be pulled; separated by commas.',
  },
  {
    name: 'TERRARIUM_OBSERVER',
    default: 'probe',
    about:
      'Who looks into namespaces: one `probe` an engine for all of them, with helpers where the engine refuses it, or a `helper` in each that is watched.',
  },
  {
    name: 'TERRARIUM_RULES',
    default: 'read',
    about:
      "`off` starts no helper that reads the packet filter of the engine's host (it has `NET_ADMIN` there); packet paths and reachability then say what is unknown.",
  },
  {
    name: 'TERRARIUM_HELPER_IMAGE',
    default: 'busybox:latest',
    about: 'Image of the helpers that observe; it has busybox.',
  },
  {
    name: 'TERRARIUM_HEARTBEAT_MS',
    default: '20000',
    about: 'Milliseconds between heartbeats of a stream, 100 to 600000.',
  },
  {
    name: 'TERRARIUM_MAX_CONTAINERS',
    default: '1000',
    about: 'Containers that one user may have, those of labs included, on all engines together, 1 to 1000000.',
  },
  {
    name: 'TERRARIUM_MAX_LABS',
    default: '100',
    about: 'Labs that one user may have, on all engines together, 1 to 100000.',
  },
  {
    name: 'TERRARIUM_MAX_LAB_CONTAINERS',
    default: '1000',
    about: 'Containers that the labs of one user may come to, 1 to 1000000.',
  },
  {
    name: 'TERRARIUM_MAX_STREAMS',
    default: '10000',
    about: 'WebSockets, followed answers and subscriptions that one user may have open at a time, 1 to 1000000.',
  },
  {
    name: 'TERRARIUM_MAX_MEMORY',
    default: '',
    about: "What the memory limits of one user's containers may come to, such as `64g`; empty: no limit.",
  },
  {
    name: 'TERRARIUM_JANITOR_MS',
    default: '5000',
    about: 'Milliseconds between two looks for expired containers, 100 to 3600000.',
  },
  {
    name: 'TERRARIUM_RATE_LIMIT',
    default: '5000',
    about: 'Requests a second that one principal may make, 10 to 1000000.',
  },
  {
    name: 'TERRARIUM_LOG_LEVEL',
    default: 'info',
    about: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. Reads that succeed are logged at `debug`.',
  },
] as const satisfies readonly Setting[];

export type SettingName = (typeof settings)[number]['name'];

/** What scripts, not the server, read: no reason for a warning. */
const knownElsewhere = [
  'TERRARIUM_URL',
  'TERRARIUM_NO_INSTALL',
  'TERRARIUM_BASE_IMAGE',
  'TERRARIUM_BUILD_CA',
  'TERRARIUM_DOCKER_SOCKET',
  'TERRARIUM_IMAGE',
];
const prefixesElsewhere = ['TERRARIUM_TEST_', 'TERRARIUM_BENCH_', 'TERRARIUM_SWEEP'];

/** One sentence for each variable that begins with TERRARIUM_ and is none of ours, naming the closest known one. */
export function describeUnknownSettings(names: readonly string[]): string[] {
  const known: readonly string[] = settings.map(({ name }) => name);
  return names
    .filter((name) => name.startsWith('TERRARIUM_'))
    .filter((name) => !known.includes(name) && !knownElsewhere.includes(name))
    .filter((name) => !prefixesElsewhere.some((prefix) => name.startsWith(prefix)))
    .map((name) => `${name} is no setting and is ignored; did you mean ${closest(name, known)}?`);
}

function closest(name: string, known: readonly string[]): string {
  return known.reduce((best, one) => (editDistance(name, one) < editDistance(name, best) ? one : best));
}

/** Levenshtein's distance: how many letters to insert, remove or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The table as `--help` prints it: name and default in a line, what it does in the next. */
export function formatSettings(): string {
  return settings
    .map(
      (setting) =>
        `  ${setting.name}${setting.default === '' ? '' : ` (${setting.default})`}\n      ${setting.about.replaceAll('`', '')}`,
    )
    .join('\n');
}

/** The table as the README shows it. */
export function formatSettingsAsMarkdown(): string {
  const rows = settings.map(
    ({ name, default: value, about }) => `| \`${name}\` | ${value === '' ? '' : `\`${value}\``} | ${about} |`,
  );
  return ['| variable | default | what it does |', '| --- | --- | --- |', ...rows].join('\n');
}
