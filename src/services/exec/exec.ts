// Runs commands in containers: who may, where, how many, and with which end. At the time-out, when the caller leaves and when the server
// closes, a command's processes are killed; when the server itself is killed, their guard does it.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import type { ExecRequest, ExecResult } from '../../schemas/exec.ts';
import { Failure } from '../../schemas/failure.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import { runCommand } from './command.ts';
import type { Guards } from './guards.ts';

export interface ExecParts {
  readonly catalogue: Catalogue;
  readonly guards: Guards;
  readonly serverId: string;
}

export interface ExecCall {
  readonly principal: Principal;
  /** Id, name or prefix of the container. */
  readonly container: string;
  readonly engine?: string | undefined;
  readonly request: ExecRequest;
  /** Aborted, with a failure as its reason, when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

export interface ExecService {
  /**
   * Runs a command to its end. Fails with `container_not_running`, `state_conflict` (paused), `not_managed`, `engine_refused` (no such
   * program), `overloaded`; with `engine_unavailable` when the connection to the engine broke, since the output would not be whole.
   */
  run(call: ExecCall): Promise<ExecResult>;
  /** Kills what runs, and starts nothing new: whoever waits gets `shutting_down`. */
  interrupt(): void;
}

/** Each may hold twice its limit of output, and a guard. */
const maxCommands = 100;

export function createExecService({ catalogue, guards, serverId }: ExecParts): ExecService {
  const shutdown = new AbortController();
  let running = 0;

  function interrupt(): void {
    shutdown.abort(
      new Failure('shutting_down', 'The server is shutting down; the command was killed', { retryAfter: 5 }),
    );
  }

  return {
    async run({ principal, container, engine, request, signal }) {
      const { mirror, facts } = catalogue.find(principal, container, engine);
      authorize(principal, 'exec', { kind: 'container', facts });
      requireRunning(facts);
      if (running >= maxCommands) throw describeOverload();
      running += 1;
      try {
        const stop = AbortSignal.any([signal, shutdown.signal]);
        return await runCommand({ engine: mirror.engine, container: facts, request, guards, serverId, stop });
      } finally {
        running -= 1;
      }
    },
    interrupt,
  };
}

/** Fails with `state_conflict` or `container_not_running` where nothing can start in it. */
export function requireRunning({ name, state }: ContainerFacts): void {
  if (state === 'running') return;
  if (state === 'paused') {
    throw new Failure('state_conflict', `Container "${name}" is paused: nothing can start in it`, {
      hint: `Unpause it first: POST /api/v1/containers/${name}/unpause`,
    });
  }
  throw new Failure('container_not_running', `Container "${name}" does not run: its state is "${state}"`, {
    hint: `Start it first: POST /api/v1/containers/${name}/start`,
  });
}

function describeOverload(): Failure {
  return new Failure('overloaded', `${maxCommands} commands run already`, {
    hint: 'Wait until some of them have ended',
    retryAfter: 1,
  });
}
