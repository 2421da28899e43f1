// The `docker run` line that makes the engine get what it would get from us. Pure: it is made of the request of a dry run, and held against the real
// Docker CLI by a differential test.
import { quoteWord } from '../../ui/command-lines.ts';

/** What of Docker's create body we ever send. */
export interface DockerRequest {
  readonly Image: string;
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly Hostname?: string;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly PortBindings?: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>;
    readonly PublishAllPorts?: boolean;
    readonly AutoRemove?: boolean;
    readonly RestartPolicy?: { readonly Name: string; readonly MaximumRetryCount: number };
    readonly Dns?: readonly string[];
    readonly CapAdd?: readonly string[];
    readonly CapDrop?: readonly string[];
    readonly SecurityOpt?: readonly string[];
    readonly Memory?: number;
    readonly NanoCpus?: number;
    readonly PidsLimit?: number;
    readonly LogConfig?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  };
  readonly NetworkingConfig?: {
    readonly EndpointsConfig: Readonly<
      Record<
        string,
        {
          readonly IPAMConfig?: { readonly IPv4Address?: string; readonly IPv6Address?: string };
          readonly Aliases?: readonly string[];
        }
      >
    >;
  };
}

/** One option with its value. */
export interface DockerOption {
  readonly words: readonly string[];
  /** What is about the network, or was asked for; else what Terrarium adds to every container, so that it can do no harm. */
  readonly isEssential: boolean;
}

/** For a shell, an option a line. Without a name of its own Docker would invent another than we do: then it is left out. */
export function spellDockerRun(
  request: DockerRequest,
  { name, isWhole, networkMode }: { readonly name: string; readonly isWhole: boolean; readonly networkMode?: string },
): string {
  const head = ['docker', 'run', '-d', ...listTerminal(request), ...(name === '' ? [] : ['--name', name])];
  const options = listOptions(request, networkMode).filter(({ isEssential }) => isWhole || isEssential);
  return [head, ...options.map(({ words }) => words), listWords(request)]
    .map((words) => words.map(quoteWord).join(' '))
    .join(' \\\n  ');
}

export function listTerminal({ OpenStdin, Tty }: DockerRequest): readonly string[] {
  return OpenStdin || Tty ? [`-${OpenStdin ? 'i' : ''}${Tty ? 't' : ''}`] : [];
}

/** Everything between that and the image. `networkMode` instead of the request's own: a name for a target's id. */
export function listOptions(request: DockerRequest, networkMode = request.HostConfig.NetworkMode): DockerOption[] {
  const { HostConfig: host } = request;
  const endpoint = request.NetworkingConfig?.EndpointsConfig[host.NetworkMode];
  const essential = (...words: string[]): DockerOption => ({ words, isEssential: true });
  const added = (...words: string[]): DockerOption => ({ words, isEssential: false });
  const given = (flag: string, value: string | undefined) => (value === undefined ? [] : [essential(flag, value)]);
  const each = (flag: string, values: readonly string[] = [], make = essential) =>
    values.map((value) => make(flag, value));
  return [
    ...(host.AutoRemove ? [essential('--rm')] : []),
    essential('--network', networkMode),
    ...given('--ip', endpoint?.IPAMConfig?.IPv4Address),
    ...given('--ip6', endpoint?.IPAMConfig?.IPv6Address),
    ...each('--network-alias', endpoint?.Aliases),
    ...each('--dns', host.Dns),
    ...each('-p', listPorts(host.PortBindings)),
    ...(host.PublishAllPorts ? [essential('-P')] : []),
    ...given('-h', request.Hostname),
    ...each('-e', request.Env),
    ...given('-w', request.WorkingDir),
    ...given('-u', request.User),
    ...(request.Entrypoint === undefined ? [] : [essential('--entrypoint', request.Entrypoint[0] ?? '')]),
    ...spellRestart(host.RestartPolicy),
    ...each('--cap-add', host.CapAdd),
    ...Object.entries(request.Labels).map(([name, value]) =>
      (name.startsWith('io.terrarium.') ? added : essential)('--label', `${name}=${value}`),
    ),
    ...(host.Memory === undefined ? [] : [added('--memory', spellBytes(host.Memory))]),
    ...(host.NanoCpus === undefined ? [] : [added('--cpus', String(host.NanoCpus / 1e9))]),
    ...(host.PidsLimit === undefined ? [] : [added('--pids-limit', String(host.PidsLimit))]),
    ...each('--cap-drop', host.CapDrop, added),
    ...each('--security-opt', host.SecurityOpt, added),
    ...(host.LogConfig === undefined
      ? []
      : [
          added('--log-driver', host.LogConfig.Type),
          ...Object.entries(host.LogConfig.Config).map(([name, value]) => added('--log-opt', `${name}=${value}`)),
        ]),
  ];
}

/** The image, and what follows it. Docker's `--entrypoint` takes one word: the others go before the arguments, which comes to the same. */
export function listWords({ Image, Entrypoint = [], Cmd = [] }: DockerRequest): readonly string[] {
  return [Image, ...Entrypoint.slice(1), ...Cmd];
}

/** In the form in which one would write it: the shortest of the four that says it. */
function listPorts(bindings: DockerRequest['HostConfig']['PortBindings'] = {}): string[] {
  return Object.entries(bindings).flatMap(([key, all]) => {
    const port = key.replace(/\/tcp$/, '');
    return all.map(({ HostIp, HostPort }) => {
      const ip = HostIp.includes(':') ? `[${HostIp}]` : HostIp;
      if (ip !== '') return `${ip}:${HostPort}:${port}`;
      return HostPort === '' ? port : `${HostPort}:${port}`;
    });
  });
}

function spellRestart(policy: DockerRequest['HostConfig']['RestartPolicy']): DockerOption[] {
  if (policy === undefined || policy.Name === 'no' || policy.Name === '') return [];
  const count = policy.MaximumRetryCount === 0 ? '' : `:${policy.MaximumRetryCount}`;
  return [{ words: ['--restart', `${policy.Name}${count}`], isEssential: true }];
}

function spellBytes(bytes: number): string {
  for (const [unit, size] of [
    ['g', 1024 ** 3],
    ['m', 1024 ** 2],
    ['k', 1024],
  ] as const)
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  return `${bytes}b`;
}
