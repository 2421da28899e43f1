// Interactive terminals in containers: who may, where, how many, and what is left when they end, which is nothing.
import type { FastifyBaseLogger } from 'fastify';
import { Failure } from '../../schemas/failure.ts';
import type { TerminalSize } from '../../schemas/terminal.ts';
import type { TerminalWire } from '../../streams/terminal-wire.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import { requireRunning } from '../exec/exec.ts';
import type { Guards } from '../exec/guards.ts';
import { attachTo, requireTerminal } from './attachment.ts';
import { relay } from './relay.ts';
import { startShell } from './shell.ts';

export interface TerminalParts {
  readonly catalogue: Catalogue;
  readonly guards: Guards;
  readonly serverId: string;
  readonly heartbeatMs: number;
  readonly log: Pick<FastifyBaseLogger, 'error'>;
}

export interface TerminalCall {
  readonly principal: Principal;
  /** Id, name or prefix of the container. */
  readonly container: string;
  readonly engine?: string | undefined;
  /** To the main process, in place of a command. */
  readonly attach?: boolean | undefined;
  /** Program and arguments; a shell without one. */
  readonly command?: readonly string[] | undefined;
  readonly size: TerminalSize;
}

export interface TerminalService {
  /** How many there are now. */
  readonly open: number;
  /**
   * Fails where the call cannot be served: `container_not_running`, `state_conflict` (paused, or nothing to attach to), `not_managed`,
   * `invalid_request`, `overloaded`, `shutting_down`.
   */
  check(call: TerminalCall): void;
  /** Serves the client until it leaves or the process ends; whatever fails is told on the wire. */
  connect(call: TerminalCall, wire: TerminalWire): void;
  /** Ends every terminal; whoever sits at one gets `shutting_down`. */
  interrupt(): void;
  /** Interrupts, and resolves when nothing is left of any. */
  close(): Promise<void>;
}

/** Each may hold some of its output, and a process in a container. */
const maxTerminals = 100;

export function createTerminalService({
  catalogue,
  guards,
  serverId,
  heartbeatMs,
  log,
}: TerminalParts): TerminalService {
  const shutdown = new AbortController();
  const open = new Set<Promise<void>>();

  function locate({ principal, container, engine, attach, command }: TerminalCall): Located {
    shutdown.signal.throwIfAborted();
    const located = catalogue.find(principal, container, engine);
    authorize(principal, 'terminal', { kind: 'container', facts: located.facts });
    if (attach && command !== undefined) {
      throw new Failure('invalid_request', 'With "attach" there is no "command": the main process runs already', {
        field: 'command',
        hint: 'Leave one of them out',
      });
    }
    requireRunning(located.facts);
    if (attach) requireTerminal(located.facts);
    if (open.size >= maxTerminals) {
      throw new Failure('overloaded', `${maxTerminals} terminals are open already`, {
        hint: 'Close one of them',
        retryAfter: 1,
      });
    }
    return located;
  }

  function start(call: TerminalCall) {
    const { mirror, facts } = locate(call);
    const { command, size, attach } = call;
    if (attach) return attachTo(mirror, facts, size);
    return startShell({ engine: mirror.engine, container: facts, command, size, guards, serverId });
  }

  function interrupt(): void {
    shutdown.abort(new Failure('shutting_down', 'The server is shutting down', { retryAfter: 5 }));
  }

  return {
    get open() {
      return open.size;
    },
    check: (call) => void locate(call),
    connect(call, wire) {
      const session = relay({ wire, open: async () => start(call), heartbeatMs, stop: shutdown.signal })
        .catch((err: unknown) => log.error({ err }, 'a terminal failed'))
        .finally(() => open.delete(session));
      open.add(session);
    },
    interrupt,
    async close() {
      interrupt();
      await Promise.all(open);
    },
  };
}
