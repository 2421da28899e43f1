// `terrarium images` and `terrarium pull`.
import type { Command } from 'commander';
import { perform } from '../invocation.ts';
import { addCommon, addExamples, given } from '../options.ts';
import { formatAge, formatSize } from '../print/sizes.ts';
import { formatTable } from '../print/table.ts';
import { pullWithProgress } from '../pull-progress.ts';

interface Options {
  readonly engine?: string;
  readonly quiet?: boolean;
}

const none = '<none>';

export function addImages(program: Command): void {
  const command = program
    .command('images')
    .summary('list images')
    .description('Lists the images of the engine, as docker images.')
    .option('-q, --quiet', 'ids only')
    .action(
      perform<Options>(async (run, { engine, quiet }) => {
        const client = await run.client();
        const images = await client.images.list({ ...given({ engine }), signal: run.signal });
        if (run.isJson) return run.printJson(images);
        if (quiet) return run.print(...images.map(({ id }) => shorten(id)));
        const rows = images.flatMap(({ id, tags, createdAt, size }) =>
          (tags.length === 0 ? [`${none}:${none}`] : tags).map((tag) => {
            const at = tag.lastIndexOf(':');
            const age = `${formatAge(createdAt, Date.now())} ago`;
            return [tag.slice(0, at), tag.slice(at + 1), shorten(id), age, formatSize(size)];
          }),
        );
        run.print(...formatTable(['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], rows));
      }),
    );
  addCommon(command);
  addExamples(command, ['terrarium images', 'what a container can be made of without a pull']);
}

export function addPull(program: Command): void {
  const command = program
    .command('pull')
    .summary('pull an image')
    .description('Pulls an image from a registry that the server allows, and shows the progress.')
    .argument('<image>', '[registry/]repository[:tag][@digest]')
    .action(
      perform<Options>(async (run, { engine }, [name = '']) => {
        const client = await run.client();
        const image = await pullWithProgress(
          run,
          client.images.pull(name, { ...given({ engine }), signal: run.signal }),
        );
        if (run.isJson) run.printJson(image);
        else run.print(image.tags[0] ?? shorten(image.id));
      }),
    );
  addCommon(command);
  addExamples(command, ['terrarium pull busybox:1.36', 'from Docker Hub']);
}

/** As docker shows it. */
function shorten(id: string): string {
  return id.replace('sha256:', '').slice(0, 12);
}
