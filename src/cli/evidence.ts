// A folder of evidence for checks that do not hold: the report, and what the containers that they are about look like from inside.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CheckReport, CheckResult, LabCheck, LabInFull, TerrariumClient } from '../client/node.ts';
import { UsageError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import { formatResults, titleOf } from './print/check-lines.ts';
import { formatPath } from './print/path-lines.ts';

/** Names in the folder. */
const names = { report: 'report.json', lab: 'lab.json', checks: 'checks', containers: 'containers' } as const;
const logLines = 1_000;

/** Makes the folder. Only one that is empty, or that has such evidence already, is written into. */
export async function openEvidence(folder: string): Promise<void> {
  const refuse = (reason: string, hint?: string) => new UsageError(`"${folder}" ${reason}`, hint);
  const there = await mkdir(folder, { recursive: true })
    .then(() => readdir(folder))
    .catch((error: NodeJS.ErrnoException) => {
      throw refuse(`cannot be written (${error.code})`);
    });
  if (there.length > 0 && !there.includes(names.report))
    throw refuse('is not empty, and no evidence of checks', 'Name an empty folder, or one that there is not yet');
  // What was found the last time would be taken for what is so now.
  for (const old of [names.checks, names.containers])
    await rm(path.join(folder, old), { recursive: true, force: true });
}

export async function writeEvidence(run: Invocation, folder: string, report: CheckReport): Promise<void> {
  const client = await run.client();
  const { file, ...lab } = await client.labs.get(report.lab, { engine: report.engine, signal: run.signal });
  const writer = new EvidenceWriter(run, client, { folder, lab, checks: file?.checks ?? {} });
  await writer.write(names.report, report);
  await writer.write(names.lab, lab);
  const open = report.results.filter(({ status }) => status !== 'pass');
  for (const result of open) await writer.writeCheck(result);
  for (const name of new Set(open.flatMap((result) => writer.containersOf(result)))) await writer.writeContainer(name);
}

interface Bundle {
  readonly folder: string;
  readonly lab: Omit<LabInFull, 'file'>;
  readonly checks: Readonly<Record<string, LabCheck>>;
}

class EvidenceWriter {
  readonly #run: Invocation;
  readonly #client: TerrariumClient;
  readonly #bundle: Bundle;

  constructor(run: Invocation, client: TerrariumClient, bundle: Bundle) {
    this.#run = run;
    this.#client = client;
    this.#bundle = bundle;
  }

  /** Names on the engine of all that it is about. */
  containersOf({ name, instance, container }: CheckResult): string[] {
    const check = this.#bundle.checks[name];
    const peer = check === undefined ? undefined : peerOf(check);
    return [container, peer === undefined ? null : this.#nameOf(peer, instance)].filter((one) => one != null);
  }

  async writeCheck(result: CheckResult): Promise<void> {
    const folder = path.join(
      names.checks,
      titleOf(result)
        .replaceAll(/[^\w.-]+/g, '-')
        .replace(/-$/, ''),
    );
    const look = { style: (_format: unknown, text: string) => text, translate: (hint: string) => hint };
    await this.write(path.join(folder, 'result.txt'), formatResults([result], look).join('\n'));
    const check = this.#bundle.checks[result.name];
    const way = check === undefined ? null : findWay(check);
    const target = way === null ? undefined : this.#nameOf(way.container, result.instance);
    if (way === null || target === undefined) return;
    const { port, protocol, from } = way;
    const on = this.#on(target);
    const source = typeof from === 'object' ? this.#nameOf(from.container, result.instance) : from;
    await this.#note(path.join(folder, `path-${target}-${port}-${protocol}.txt`), async () => {
      const { paths } = await this.#client.containers.path(target, port, {
        protocol,
        ...(source !== undefined && { from: source }),
        ...on,
      });
      return paths.length === 0
        ? `Port ${port}/${protocol} of "${target}" can be tried nowhere`
        : paths.map((one) => formatPath(one, { style: look.style, isVerbose: true }).join('\n')).join('\n\n');
    });
  }

  async writeContainer(name: string): Promise<void> {
    const { containers } = this.#client;
    const on = this.#on(name);
    const looks = {
      'container.json': () => containers.get(name, on),
      'netstat.txt': () => containers.netstatText(name, { options: 'tuan', ...on }),
      'ifconfig.txt': () => containers.ifconfigText(name, { all: true, ...on }),
      // Routes, neighbours and name servers too.
      'ifconfig.json': () => containers.ifconfig(name, on),
      'namespaces.json': () => containers.namespaces(name, on),
      'logs.txt': () => containers.logsText(name, { tail: logLines, ...on }),
    };
    await Promise.all(
      Object.entries(looks).map(([what, look]) => this.#note(path.join(names.containers, name, what), look)),
    );
  }

  async write(name: string, content: object | string): Promise<void> {
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
    const file = path.join(this.#bundle.folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text.endsWith('\n') || text === '' ? text : `${text}\n`);
  }

  /** What cannot be seen is evidence too: the file then says why. */
  async #note(name: string, look: () => Promise<object | string>): Promise<void> {
    const content = await look().catch((error: Error) => {
      this.#run.signal.throwIfAborted();
      return `It could not be seen: ${error.message}`;
    });
    await this.write(name, content);
  }

  /** Where a member is. */
  #on(name: string) {
    const { engine, containers } = this.#bundle.lab;
    return { engine: containers.find((one) => one.name === name)?.engine ?? engine, signal: this.#run.signal };
  }

  #nameOf(item: string, instance: number | null): string | undefined {
    const key = instance === null ? item : `${instance}/${item}`;
    return this.#bundle.lab.containers.find((one) => one.key === key)?.name;
  }
}

/** The other container of the file that a check names. */
function peerOf(check: LabCheck): string | undefined {
  if ('reaches' in check) return check.reaches.container;
  if ('cannotReach' in check) return check.cannotReach.container;
  if ('path' in check) return typeof check.path.from === 'object' ? check.path.from.container : undefined;
  const other =
    'sharesNamespaceWith' in check
      ? check.sharesNamespaceWith
      : 'isolatedFrom' in check
        ? check.isolatedFrom
        : undefined;
  return typeof other === 'object' ? other.container : other;
}

interface Way {
  readonly container: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly from?: 'outside' | 'host' | { readonly container: string };
}

/** The way of a packet that the check is about. */
function findWay(check: LabCheck): Way | null {
  if ('path' in check) {
    const { port, protocol = 'tcp', from } = check.path;
    return { container: check.container, port, protocol, ...(from !== undefined && { from }) };
  }
  const peer = 'reaches' in check ? check.reaches : 'cannotReach' in check ? check.cannotReach : null;
  if (peer !== null && 'container' in check && peer.container !== undefined)
    return { container: peer.container, port: peer.port, protocol: 'tcp', from: { container: check.container } };
  const door = 'listens' in check ? check.listens : 'published' in check ? check.published : null;
  if (door === null || !('container' in check)) return null;
  const { port, protocol = 'tcp' } = typeof door === 'number' ? { port: door } : door;
  return { container: check.container, port, protocol };
}
