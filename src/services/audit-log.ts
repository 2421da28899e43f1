// The books: who changed what, and who was refused what, a line of JSON each, appended to a file or told in the log. Never what was said in it: no body,
// no environment, no command, no query.
//
// A line is handed to the kernel before anything else happens, so the end of the server loses none; it is not forced onto the disk (fsync), because each
// change would wait for that, and what is lost by a power cut are its last seconds. A disk that is full stops nobody: the line is then told in the log,
// loudly. The file may be renamed at any time (logrotate): the next line opens it anew.
import { closeSync, constants, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import { ConfigError } from '../config.ts';

/** One change or refusal. */
export interface AuditEntry {
  /** null: nobody, or nobody known. `terrarium`: the server by itself. */
  readonly principal: string | null;
  readonly role: string | null;
  /** The route, or what the server does by itself. */
  readonly action: string;
  /** Which container, network, lab or image, as it was called; null where it is about none. */
  readonly object: string | null;
  readonly engine: string | null;
  /** `refused`: they may not; `failed`: it could not be done; `aborted`: nobody waited for it. */
  readonly outcome: 'done' | 'refused' | 'failed' | 'aborted';
  /** The code of the failure. */
  readonly code: string | null;
  readonly requestId: string | null;
  readonly address: string | null;
}

export interface AuditLog {
  record(entry: AuditEntry): void;
  /** Lines that could not be written to the file since the start. */
  readonly lost: number;
  close(): void;
}

export interface AuditLogParts {
  /** null: the log has them. */
  readonly path: string | null;
  now(): number;
  readonly log: {
    info(details: object, message: string): void;
    error(details: object, message: string): void;
  };
}

/** Longer than any name: what is longer is somebody's attempt. */
const maxText = 256;
/** How many refusals of nobody are written a second: whoever guesses must not fill a disk. */
const strangersPerSecond = 20;

/** @throws {ConfigError} where the file cannot be opened at the start */
export function openAuditLog({ path, now, log }: AuditLogParts): AuditLog {
  const file = path === null ? null : openFile(path);
  let lost = 0;
  let second = 0;
  let strangers = 0;

  /** Not said of each line: nobody reads the thousandth. */
  function isOneTooMany(entry: AuditEntry): boolean {
    if (entry.principal !== null) return false;
    const current = Math.floor(now() / 1000);
    if (current !== second) {
      second = current;
      strangers = 0;
    }
    strangers += 1;
    return strangers > strangersPerSecond;
  }

  return {
    record(entry) {
      if (isOneTooMany(entry)) return;
      const line = {
        at: new Date(now()).toISOString(),
        ...entry,
        object: entry.object === null ? null : entry.object.slice(0, maxText),
      };
      if (file === null) return log.info({ audit: line }, 'audit');
      try {
        file.append(`${JSON.stringify(line)}\n`);
      } catch (error) {
        lost += 1;
        log.error({ err: error, file: path, audit: line }, 'the audit file cannot be written: this is its line');
      }
    },
    get lost() {
      return lost;
    },
    close: () => file?.close(),
  };
}

interface AppendedFile {
  append(line: string): void;
  close(): void;
}

function openFile(path: string): AppendedFile {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
  const open = () => {
    const opened = openSync(path, flags, 0o600);
    const { dev, ino, mode } = fstatSync(opened);
    return { fd: opened, dev, ino, mode };
  };
  let current: ReturnType<typeof open>;
  try {
    current = open();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError(`TERRARIUM_AUDIT_FILE is "${path}", which cannot be written (${code ?? message})`, {
      cause: error,
    });
  }
  if ((current.mode & 0o022) !== 0)
    throw new ConfigError(
      `TERRARIUM_AUDIT_FILE is "${path}", which others can write (mode ${(current.mode & 0o777).toString(8)}); chmod 600 it`,
    );
  /** Of a line that was cut off by a full disk: the next one begins on its own. */
  let isCut = false;

  function isThere(): boolean {
    const found = statSync(path, { throwIfNoEntry: false });
    return found !== undefined && found.ino === current.ino && found.dev === current.dev;
  }

  return {
    append(line) {
      if (!isThere()) {
        const fresh = open();
        closeSync(current.fd);
        current = fresh;
        isCut = false;
      }
      const bytes = Buffer.from(isCut ? `\n${line}` : line);
      const written = writeSync(current.fd, bytes);
      isCut = isCut ? written === 0 : written < bytes.length;
      if (written < bytes.length) {
        isCut = true;
        throw new Error(`only ${written} of ${bytes.length} bytes were taken`);
      }
    },
    close: () => closeSync(current.fd),
  };
}
