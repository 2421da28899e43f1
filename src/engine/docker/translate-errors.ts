// Translates what goes wrong between us and an engine into failures of the closed list. Two tables: what the engine answers, by status
// and words (measured on Docker 26.1; newer wordings from Docker's source), and what the connection does, by its error code.
import type { ErrorCode } from '../../schemas/error-codes.ts';
import { Failure, type FailureDetails } from '../../schemas/failure.ts';

/** The engine a failure is about, as a person knows it. */
export interface EngineLabel {
  readonly name: string;
  readonly endpoint: string;
}

/** An answer that means no. */
export interface Refusal {
  readonly status: number;
  /** The words of the engine, or of a proxy in front of it. */
  readonly message: string;
  /** The engine's own errors are JSON; anything else comes from something between. */
  readonly isJson: boolean;
}

/** Reads the body of an error answer: `{"message": …}`, or plain text or HTML from something in front of the engine. */
export function readRefusal(status: number, body: Buffer): Refusal {
  const text = body.toString();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return { status, message, isJson: true };
  } catch {
    // Not JSON: see below.
  }
  const message = text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  return { status, message: message.slice(0, 500), isJson: false };
}

/** What a proxy answers for an engine that it cannot reach. */
const gatewayStatuses = new Set([502, 503, 504]);

/** Seconds after which it makes sense to ask an engine again that was away. */
const retryAfter = 2;

interface Rule {
  readonly status?: number;
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** Default: the engine's words, cleaned. */
  readonly detail?: (match: RegExpExecArray) => string;
  readonly hint?: string;
  readonly extra?: (match: RegExpExecArray) => Record<string, unknown>;
  /** The same may be granted a moment later. */
  readonly isPassing?: boolean;
}

const portHint = 'Publish another host port, leave the host port out to have one chosen, or stop what uses it.';

/** `IP:PORT` as the engine prints it: an IPv6 address has no brackets in some messages. */
function describePort(address: string, protocol: string | undefined): { ip: string; port: number; protocol?: string } {
  const colon = address.lastIndexOf(':');
  const ip = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  return protocol === undefined ? { ip, port } : { ip, port, protocol };
}

/** First match wins. */
const rules: readonly Rule[] = [
  {
    pattern: /listen (tcp|udp|sctp)[46]? (\S+): bind: address already in use/i,
    code: 'port_in_use',
    detail: ([, protocol, address]) => `Host port ${address}/${protocol} is already in use`,
    extra: ([, protocol, address]) => describePort(address ?? '', protocol),
    hint: portHint,
  },
  {
    // Docker 28 and later.
    pattern:
      /failed to bind host port (?:for )?((?:\[[^\]]*\]|[\d.]+):\d+)(?::\S+?)?\/(tcp|udp|sctp).*(?:already in use|already allocated)/i,
    code: 'port_in_use',
    detail: ([, address, protocol]) => `Host port ${address}/${protocol} is already in use`,
    extra: ([, address, protocol]) => describePort(address ?? '', protocol),
    hint: portHint,
  },
  {
    pattern: /Bind for (\S+:\d+) failed: port is already allocated/i,
    code: 'port_in_use',
    detail: ([, address]) => `Host port ${address} is already in use`,
    extra: ([, address]) => describePort(address ?? '', undefined),
    hint: portHint,
  },
  {
    pattern: /port is already allocated|all ports are allocated|bind: address already in use/i,
    code: 'port_in_use',
    hint: portHint,
  },
  {
    pattern: /^Address already in use$/i,
    code: 'address_in_use',
    detail: () => 'The IP address is already in use on its network',
    hint: 'Choose another address, or leave it out to have one chosen.',
  },
  {
    pattern: /Pool overlaps with other one on this address space/i,
    code: 'address_in_use',
    detail: () => 'The subnet overlaps with one that another network of the engine uses',
    hint: 'Choose another subnet, or leave it out to have one chosen.',
  },
  {
    // The same range, by another name.
    pattern: /failed to allocate (?:gateway|secondary ip address) \((\S*)\): Address already in use/i,
    code: 'address_in_use',
    detail: ([, address]) => `The address ${address} is already in use on a subnet that overlaps`,
    hint: 'Choose another subnet, or leave it out to have one chosen.',
  },
  {
    // Of two that differ in their ranges only.
    pattern: /conflicts with network ([0-9a-f]+) .*networks have overlapping/i,
    code: 'address_in_use',
    detail: ([, holder]) => `The subnet overlaps with that of network ${holder?.slice(0, 12)}`,
    hint: 'Choose another subnet, or leave it out to have one chosen.',
  },
  {
    pattern: /The container name "\/?([^"]*)" is already in use by container "?([0-9a-f]+)/i,
    code: 'name_taken',
    detail: ([, name, holder]) => `The name "${name}" is already in use by container ${holder?.slice(0, 12)}`,
    extra: ([, , holder]) => ({ holder: { id: holder } }),
    hint: 'Choose another name, or remove that container first.',
  },
  {
    pattern: /network with name (\S+) already exists/i,
    code: 'name_taken',
    detail: ([, name]) => `The name "${name}" is already in use by another network`,
    hint: 'Choose another name, or remove that network first.',
  },
  {
    pattern: /No such exec instance/i,
    code: 'container_not_running',
    detail: () => 'The command is gone: its container was stopped or removed',
  },
  { pattern: /No such container: ?(.*)/i, code: 'container_not_found' },
  {
    pattern: /No such image: ?(.*)/i,
    code: 'image_not_found',
    detail: ([, image]) => `The engine has no image ${image}`,
    hint: 'Pull it first, or ask for pull: "missing".',
  },
  {
    status: 404,
    pattern: /pull access denied for (\S+?),|manifest (?:for \S+ )?(?:not found|unknown)/i,
    code: 'image_not_found',
  },
  {
    status: 404,
    pattern: /^network (\S+) not found|No such network: ?(\S*)/i,
    code: 'network_not_found',
    detail: ([, name, other]) => `The engine has no network ${name ?? other}`,
  },
  {
    status: 404,
    pattern: /get (\S+): no such volume/i,
    code: 'volume_not_found',
    detail: ([, name]) => `The engine has no volume ${name}`,
  },
  {
    // Two removals at a time: the slower one finds it gone half-way.
    pattern: /unknown network (\S+) id [0-9a-f]+$/i,
    code: 'network_not_found',
    detail: ([, name]) => `The engine has no network ${name} any more`,
  },
  {
    pattern: /cannot join network of a non running container: (\S+)/i,
    code: 'container_not_running',
    detail: ([, target]) => `The container to join, ${target?.slice(0, 12)}, is not running`,
    hint: 'Start the target first.',
  },
  { pattern: /is restarting, wait until/i, code: 'state_conflict' },
  {
    pattern: /is paused, unpause|cannot start a paused container/i,
    code: 'state_conflict',
    hint: 'Unpause the container first.',
  },
  { pattern: /is already paused|is not paused/i, code: 'state_conflict' },
  {
    pattern:
      /container is (?:running|paused).*(?:before removing|force remove)|You cannot remove a (?:running|paused) container/i,
    code: 'state_conflict',
    hint: 'Stop the container first.',
  },
  {
    pattern: /is not running|is stopped\b|not been started/i,
    code: 'container_not_running',
    hint: 'Start the container first.',
  },
  {
    pattern: /no space left on device/i,
    code: 'engine_refused',
    detail: (match) => `The engine's disk is full: ${cleanWords(match.input)}`,
    hint: 'Free space where the engine keeps its data (`docker system df` shows what takes it), and try again.',
  },
  {
    // A worker asks its managers for a place on a network, for 20 s.
    pattern: /attaching to network failed|Could not attach to network (\S+): context deadline exceeded/i,
    code: 'engine_refused',
    detail: ([, name]) => `The swarm gave no place on its network${name === undefined ? '' : ` ${name}`} in time`,
    hint: 'Does a manager of the swarm answer (docker node ls there)? An ip of your choice may be in use on another node.',
    isPassing: true,
  },
  { pattern: /has active endpoints/i, code: 'state_conflict', hint: 'Disconnect or remove its containers first.' },
  { status: 409, pattern: /.*/s, code: 'state_conflict' },
];

/** The failure that an engine's refusal means. What no rule knows is `engine_refused`, in the engine's own words. */
export function translateRefusal({ status, message, isJson }: Refusal, engine: EngineLabel): Failure {
  const cause = new Error(`engine ${engine.name} answered ${status}: ${message.trim()}`);
  const words = cleanWords(message) || `The engine ${engine.name} answered ${status} without a reason`;
  if (!isJson && gatewayStatuses.has(status)) {
    const detail = `The engine ${engine.name} is away: a proxy at ${engine.endpoint} answered ${status}`;
    return new Failure('engine_unavailable', detail, { retryAfter, cause });
  }
  // No path that we ask for is one that an engine redirects: what does is something else, at a wrong endpoint.
  if (status >= 300 && status < 400) return describeStranger(engine, cause);
  if (status < 400 || status > 599) {
    const detail = `The answer of the engine ${engine.name} cannot be read: its status ${status} is none of a refusal`;
    return new Failure('engine_unavailable', detail, { retryAfter, cause });
  }
  for (const rule of rules) {
    if (rule.status !== undefined && rule.status !== status) continue;
    const match = rule.pattern.exec(message);
    if (match === null) continue;
    return new Failure(rule.code, rule.detail?.(match) ?? words, {
      ...(rule.hint !== undefined && { hint: rule.hint }),
      ...(rule.extra !== undefined && { extra: rule.extra(match) }),
      ...(rule.isPassing && { retryAfter }),
      cause,
    });
  }
  return new Failure('engine_refused', words, { cause });
}

/** What the engine puts around the words that matter: the layers an error came through. */
const wrappings: readonly RegExp[] = [
  /^error response from daemon: /i,
  /^failed to set up container networking: /i,
  /^driver failed programming external connectivity on endpoint \S+ \([0-9a-f]+\): /i,
  /^error starting userland proxy: /i,
  /^failed to create task for container: /i,
  /^failed to create shim task: /i,
  /^OCI runtime (?:create|exec) failed: /i,
  /^runc (?:create|exec) failed: /i,
  /^unable to start container process: /i,
];

/** The engine's words without the layers around them, on one line, ids shortened to the twelve digits that people know. */
export function cleanWords(message: string): string {
  let words = message
    .trim()
    .replace(/:\s*\n\s*(?:\* )?/g, ': ')
    .replace(/\s*\n\s*(?:\* )?/g, '; ');
  for (let before = ''; before !== words; ) {
    before = words;
    for (const wrapping of wrappings) words = words.replace(wrapping, '');
  }
  return words.replace(/: unknown(?:: permission denied)?$/, '').replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1');
}

interface Breakage {
  readonly codes: readonly string[];
  readonly why: (engine: EngineLabel, action: string) => string;
  readonly hint?: string;
}

const startHint = 'Start the Docker Engine, or point DOCKER_HOST at one that runs.';

const breakages: readonly Breakage[] = [
  { codes: ['ENOENT', 'ENOTSOCK'], why: ({ endpoint }) => `there is no socket at ${endpoint}`, hint: startHint },
  {
    codes: ['EACCES', 'EPERM'],
    why: ({ endpoint }) => `this process may not use ${endpoint}`,
    hint: 'Run as a member of the group that owns the socket (usually "docker"); in a container, set DOCKER_GID to the number of that group.',
  },
  { codes: ['ECONNREFUSED'], why: ({ endpoint }) => `nothing listens on ${endpoint}`, hint: startHint },
  {
    codes: ['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA'],
    why: ({ endpoint }) => `the host of ${endpoint} cannot be resolved`,
    hint: 'Check the name in the endpoint.',
  },
  {
    codes: ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ETIMEDOUT'],
    why: ({ endpoint }) => `${endpoint} cannot be reached`,
    hint: 'Check the address, the network and the firewall between.',
  },
  {
    codes: ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'],
    why: (_, action) => `the connection was cut (${action})`,
    hint: 'What was asked for may have happened all the same.',
  },
];

/** The code of a socket's or parser's error, wherever Node put it. */
export function readErrorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/**
 * The failure that a broken connection means. A `Failure` passes through unchanged, so that what was translated once stays so.
 *
 * @param action what was being done, in the infinitive: "start container web"
 */
export function translateBreakage(error: unknown, engine: EngineLabel, action: string): Failure {
  if (error instanceof Failure) return error;
  const code = readErrorCode(error);
  const details: FailureDetails = { retryAfter, cause: error };
  const known = breakages.find(({ codes }) => codes.includes(code));
  if (known !== undefined) {
    return new Failure('engine_unavailable', `The engine ${engine.name} is away: ${known.why(engine, action)}`, {
      ...details,
      ...(known.hint !== undefined && { hint: known.hint }),
    });
  }
  if (code.startsWith('HPE_') || error instanceof SyntaxError) return describeStranger(engine, error);
  const words = error instanceof Error ? error.message : String(error);
  return new Failure('engine_unavailable', `The engine ${engine.name} does not answer: ${words} (${action})`, details);
}

/** The failure of talking to something that does not speak the Docker API. */
export function describeStranger(engine: EngineLabel, cause: unknown): Failure {
  return new Failure('engine_unavailable', `What answers at ${engine.endpoint} is not a Docker Engine`, {
    hint: 'Check the endpoint; an engine that wants TLS cannot be reached over plain tcp://.',
    retryAfter,
    cause,
  });
}

/** The failure of a deadline of ours. */
export function describeTimeout(engine: EngineLabel, action: string, deadlineMs: number): Failure {
  return new Failure(
    'engine_timeout',
    `The engine ${engine.name} did not answer within ${deadlineMs / 1000} s (${action})`,
    { hint: 'The engine may be overloaded or stopped; what was asked for may still happen.', retryAfter },
  );
}

/**
 * The failure of a call that its caller cancelled. A `Failure` given as the signal's reason is passed on as it is; any other reason
 * becomes `engine_timeout` (who cancels either has set a deadline, or has stopped listening).
 */
export function describeCancellation(engine: EngineLabel, action: string, reason: unknown): Failure {
  if (reason instanceof Failure) return reason;
  return new Failure(
    'engine_timeout',
    `The engine ${engine.name} had not answered when the call was cancelled (${action})`,
    {
      cause: reason,
    },
  );
}
