// Hands bytes between one client and one process, each at the pace of the slower one, until either ends. It knows no rights and no engine.
import { errorKinds } from '../../schemas/error-codes.ts';
import { Failure } from '../../schemas/failure.ts';
import type { TerminalServerFrame, TerminalSize } from '../../schemas/terminal.ts';
import type { TerminalWire } from '../../streams/terminal-wire.ts';
import { readClientFrame } from './frames.ts';
import type { TerminalProcess } from './terminal-process.ts';

export interface RelayOptions {
  readonly wire: TerminalWire;
  /** Starts what the client is to be connected to. */
  open(): Promise<TerminalProcess>;
  /** Between two pings, in milliseconds. */
  readonly heartbeatMs: number;
  /** Ends it; the reason is the failure to tell. */
  readonly stop: AbortSignal;
}

/** Bytes on their way to the client at which the process is held up, and at which it goes on. */
const flow = { high: 256 * 1024, low: 64 * 1024 } as const;
/** Milliseconds without an answer to a ping after which the client is taken for dead. */
const stallMs = 30_000;
/** Between two pings while its input is held: only they tell then that it left. In milliseconds. */
const heldPingMs = 2_000;
/** RFC 6455 §7.4.1: it is done. */
const normalClosure = 1000;

/** Resolves when both are let go of. Fails only by a bug. */
export async function relay({ wire, open, heartbeatMs, stop }: RelayOptions): Promise<void> {
  const hasLeft = new Promise<void>((resolve) => wire.onClose(resolve));
  // What the client sends before there is a process waits in its connection.
  wire.holdInput();
  let process: TerminalProcess | undefined;
  try {
    stop.throwIfAborted();
    process = await open();
    await converse({ wire, process, heartbeatMs, stop, hasLeft });
  } catch (error) {
    if (!(error instanceof Failure)) {
      wire.close(errorKinds.internal.close, 'internal');
      throw error;
    }
    const { code, message: detail, hint } = error;
    say(wire, { type: 'error', code, detail, ...(hint !== undefined && { hint }) });
    wire.close(errorKinds[code].close, detail);
  } finally {
    await process?.leave();
  }
}

type Conversation = Omit<RelayOptions, 'open'> & { readonly process: TerminalProcess; readonly hasLeft: Promise<void> };

/** Ends without a failure when the client has left, and when the process has ended and the client was told. */
async function converse({ wire, process, heartbeatMs, stop, hasLeft }: Conversation): Promise<void> {
  const { stdin, output } = process;
  let fail: (reason: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => {}); // it may be that nobody waits any more
  const abort = () => fail(stop.reason);
  stop.addEventListener('abort', abort, { once: true });
  if (stop.aborted) abort();

  const resize = keepSize(process);
  let isPaused = false;
  let isHeld = false;
  const goOn = () => {
    if (!isPaused && wire.waiting <= flow.low) output.resume();
  };
  const take = (bytes: Buffer) => {
    wire.sendBytes(bytes, goOn);
    if (wire.waiting >= flow.high) output.pause();
  };
  wire.onBytes((bytes) => {
    if (stdin.destroyed || stdin.write(bytes) || isHeld) return;
    isHeld = true;
    wire.holdInput();
    stdin.once('drain', () => {
      isHeld = false;
      wire.releaseInput();
    });
  });
  wire.onText((text) => {
    try {
      const frame = readClientFrame(text);
      if (frame.type === 'resize') return resize(frame);
      isPaused = frame.type === 'pause';
      if (isPaused) output.pause();
      else goOn();
    } catch (error) {
      fail(error);
    }
  });
  const beat = () => {
    if (wire.unansweredMs() >= stallMs)
      fail(new Failure('overloaded', `Nothing was read, and no ping answered, for ${stallMs / 1000} s`));
    else wire.ping();
  };
  const timers = [setInterval(beat, heartbeatMs), setInterval(() => isHeld && wire.ping(), heldPingMs)];

  try {
    const hasEnded = new Promise<'ended'>((resolve) => output.once('end', () => resolve('ended')));
    output.on('data', take);
    wire.releaseInput();
    if ((await Promise.race([hasEnded, hasLeft, failed])) !== 'ended') return;
    say(wire, { type: 'exit', exitCode: await process.readExit() });
    wire.close(normalClosure, '');
  } finally {
    for (const timer of timers) clearInterval(timer);
    stop.removeEventListener('abort', abort);
    output.off('data', take);
  }
}

/** One change of size at a time; of those that come meanwhile the last one counts. */
function keepSize(process: TerminalProcess): (size: TerminalSize) => void {
  let next: TerminalSize | undefined;
  let isBusy = false;
  return async (size) => {
    next = size;
    if (isBusy) return;
    isBusy = true;
    while (next !== undefined) {
      const { cols, rows }: TerminalSize = next;
      next = undefined;
      await process.resize({ cols, rows }).catch(() => {}); // it may have ended: its output tells
    }
    isBusy = false;
  };
}

function say(wire: TerminalWire, frame: TerminalServerFrame): void {
  wire.sendText(JSON.stringify(frame));
}
