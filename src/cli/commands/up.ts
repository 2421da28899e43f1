// `terrarium up FILE`: a lab becomes what its file says. Ctrl-C undoes it.
import type { Command } from 'commander';
import { type LabApplied, type LabPlanView, type LabView, TerrariumError } from '../../client/node.ts';
import { showChange } from '../change-progress.ts';
import { type Invocation, perform } from '../invocation.ts';
import { type LabText, pointAt, readLab } from '../lab-file.ts';
import { addFileOptions, type FileFlags, labExitCodeOf } from '../lab-options.ts';
import { addExamples, given } from '../options.ts';
import { formatPorts } from '../print/container-lines.ts';
import { summarizePlan } from '../print/plan-lines.ts';
import { formatTimeLeft } from '../print/sizes.ts';

export function addUp(program: Command): void {
  const command = program
    .command('up')
    .summary('make a lab what its file says')
    .description(
      `Makes the lab what its file says, and waits until it is ready. Only what is not so is touched; the same file again changes nothing. What an up
that fails has made is removed again, and so it is with Ctrl-C.`,
    )
    .argument('[file]', 'the lab file, YAML or JSON; - is standard input')
    .action(
      perform<FileFlags>(
        async (run, flags, [file]) => {
          const lab = await readLab(run, file, flags);
          const { applied, plan } = await apply(run, lab, flags);
          if (run.isJson) return run.printJson(applied);
          if (plan !== null) run.print(summarizePlan(plan, 'done'));
          return run.print(...(await describeUp(run, applied.lab)));
        },
        { toExitCode: labExitCodeOf },
      ),
    );
  addFileOptions(command);
  addExamples(
    command,
    ['terrarium up lab.yaml', 'the first time, and after each change of the file'],
    ['terrarium up lab.yaml --as alice', 'the same lab for somebody, called lab.alice'],
    ['terrarium up lab.yaml --instances 30', 'thirty times, for a class'],
    ['terrarium up --lesson closed', 'a lesson that comes with the server'],
    ['terrarium up lab.yaml && terrarium check lab.yaml --wait 30s', 'and is it what it claims to be?'],
  );
}

interface Applied {
  readonly applied: LabApplied;
  readonly plan: LabPlanView | null;
}

async function apply(run: Invocation, lab: LabText, { as, instances, engine }: FileFlags): Promise<Applied> {
  const client = await run.client();
  const title = as === undefined ? lab.name : `${lab.name}.${as}`;
  const progress = showChange(run, title);
  const leaving = new AbortController();
  let plan: LabPlanView | null = null;
  let isOurs = false;
  const undo = () => {
    // Before its first step the lab is not ours to cancel: somebody else may be changing it.
    if (!isOurs) return leaving.abort(run.signal.reason);
    progress.say('what was made is removed again; another Ctrl-C leaves that to the server');
    client.labs.cancel(lab.name, given({ as, engine })).catch(() => leaving.abort(run.signal.reason));
  };
  run.signal.throwIfAborted();
  run.signal.addEventListener('abort', undo, { once: true });
  try {
    const applied = await client.labs.apply(lab.name, lab.text, {
      ...given({ as, instances, engine }),
      signal: leaving.signal,
      onProgress(one) {
        if (one.event === 'plan') plan = one.plan;
        else isOurs = true;
        progress.take(one);
      },
    });
    return { applied, plan };
  } catch (error) {
    run.signal.throwIfAborted();
    throw pointAt(lab, tellConflicts(run, error));
  } finally {
    progress.end();
    run.signal.removeEventListener('abort', undo);
  }
}

/** Says all that stands in the way, where it is several things; answers what is left to be said. */
function tellConflicts(run: Invocation, error: unknown): unknown {
  if (!(error instanceof TerrariumError)) return error;
  const { conflicts = [] } = (error.problem ?? {}) as Partial<Pick<LabPlanView, 'conflicts'>>;
  const last = conflicts.at(-1);
  if (last === undefined) return error;
  for (const { detail, hint } of conflicts.slice(0, -1)) run.note(detail, hint ?? undefined);
  const { code, status } = error;
  return new TerrariumError(code, last.detail, { status, hint: last.hint ?? undefined });
}

/** What one wants to know next: where its ports are, and when it ends. */
async function describeUp(run: Invocation, { name, containers: members, expiresAt }: LabView): Promise<string[]> {
  const client = await run.client();
  // Another home may have a lab of this name.
  const ids = new Set(members.map(({ id }) => id));
  const listed = await client.containers.list({ lab: name, signal: run.signal });
  const containers = listed.filter(({ id }) => ids.has(id));
  const isSpread = new Set(members.map(({ engine }) => engine)).size > 1;
  const published = containers.filter(({ ports }) => ports.some(({ hostPort }) => hostPort !== null));
  const width = Math.max(0, ...published.map((one) => one.name.length));
  return [
    ...published.map(
      (one) => `${one.name.padEnd(width)}   ${formatPorts(one.ports)}${isSpread ? `   on ${one.engine}` : ''}`,
    ),
    ...(expiresAt === null ? [] : [`it ends ${formatTimeLeft(expiresAt, Date.now())}`]),
  ];
}
