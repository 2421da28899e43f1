// The machine that a result was measured on, in words.
import { cpus, release, totalmem } from 'node:os';
import Docker from 'dockerode';

export async function describeMachine(): Promise<string> {
  const engine = await new Docker().version();
  const processor = cpus()[0]?.model ?? 'unknown processor';
  return `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}, Docker Engine ${engine.Version}`;
}
