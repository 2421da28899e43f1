// The same create as a `terrarium run`. Pure: a create body in the words of the command, which are docker's.
import type { CreateBodies } from '../../../../src/client/index.ts';
import type { CreateMode } from './form.ts';

/** Every field that some mode has. */
type AnyBody = Partial<CreateBodies['open']> & Partial<CreateBodies['joined']>;

/** Words after `terrarium`; null where the command has none for it. */
export function listCliWords(mode: CreateMode, body: AnyBody): readonly string[] | null {
  const command = body.command ?? [];
  // A bare image gets a terminal and an input by itself; the command cannot say that it should have neither.
  const isBare = command.length === 0 && (body.tty ?? true) && (body.stdin ?? true);
  const isMute = command.length === 0 && body.tty === false && body.stdin === false;
  const hasNoImage = body.image === undefined && command.length > 0;
  if (isMute || hasNoImage || body.rejoin === 'auto' || (body.entrypoint?.length ?? 0) > 1) return null;
  const tty = command.length === 0 ? (body.tty ?? true) : (body.tty ?? false);
  const stdin = command.length === 0 ? (body.stdin ?? true) : (body.stdin ?? false);
  const one = (flag: string, value: string | number | undefined) => (value === undefined ? [] : [flag, String(value)]);
  const each = (flag: string, values: readonly string[] = []) => values.flatMap((value) => [flag, value]);
  const env = Array.isArray(body.env) ? body.env : listPairs(body.env);
  return [
    'run',
    mode,
    '-d',
    ...(isBare ? [] : [stdin && '-i', tty && '-t'].filter((word) => word !== false)),
    ...one('--name', body.name),
    ...one('--target', body.target),
    ...(body.host ? ['--host'] : []),
    ...one('--network', body.network),
    ...each('-p', body.ports),
    ...(body.publishAll ? ['-P'] : []),
    ...one('--ip', body.ip),
    ...one('--ip6', body.ip6),
    ...each('--network-alias', body.aliases),
    ...each('--dns', body.dns),
    ...each('-e', env),
    ...one('--entrypoint', body.entrypoint?.[0]),
    ...one('-h', body.hostname),
    ...one('-w', body.workingDir),
    ...one('-u', body.user),
    ...each('-l', listPairs(body.labels)),
    ...one('-m', body.limits?.memory),
    ...one('--cpus', body.limits?.cpus),
    ...one('--pids-limit', body.limits?.pids),
    ...each('--cap-add', body.capabilities),
    ...(body.autoRemove ? ['--rm'] : []),
    ...one('--restart', body.restart),
    ...one('--pull', body.pull),
    ...one('--lab', body.lab),
    ...one('--ttl', body.ttl),
    ...one('--engine', body.engine),
    ...(body.image === undefined ? [] : [body.image]),
    ...command,
  ];
}

function listPairs(pairs: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(pairs).map(([name, value]) => `${name}=${value}`);
}
