// What runs in a container, as the engine's host sees it: needs no program inside, and sees processes that hide their environment.
import { callDocker } from './engine.ts';

/** The command lines of every process of a container, each as one string. */
export async function listProcesses(container: string): Promise<string[]> {
  const { Processes } = await callDocker<{ Processes: string[][] }>(
    'GET',
    `/containers/${encodeURIComponent(container)}/top?ps_args=${encodeURIComponent('-eo pid,stat,args')}`,
  );
  return Processes.filter(([, stat]) => !stat?.startsWith('Z')).map(([, , ...args]) => args.join(' '));
}
