// `terrarium lessons`: what can be learned here, and one lesson step by step.
import { type Command, Option } from 'commander';
import type { Lesson } from '../../client/node.ts';
import { type Invocation, perform } from '../invocation.ts';
import { addCommon, addExamples } from '../options.ts';
import { chooseLanguage, inLanguage, type Language, languages } from '../print/language.ts';
import { formatTable } from '../print/table.ts';

interface Options {
  readonly lang?: Language;
  readonly file?: boolean;
}

export function addLessons(program: Command): void {
  const command = program
    .command('lessons')
    .summary('lessons on container networks, to be applied as labs')
    .description(
      'Lists the lessons that come with the server, or tells one: its story, commands to try, and the checks that prove it.',
    )
    .argument('[name]', 'the lesson to tell')
    .addOption(new Option('--lang <language>', 'en or zh (default: as LANG says)').choices(languages))
    .option('--file', 'print its lab file instead')
    .action(
      perform<Options>(async (run, { lang = chooseLanguage(run.env), file = false }, [name]) => {
        const client = await run.client();
        const { signal } = run;
        if (name === undefined) {
          const lessons = await client.lessons.list({ signal });
          if (run.isJson) return run.printJson(lessons);
          const rows = lessons.map(({ name, steps, checks, title, summary }) => [
            name,
            String(steps),
            String(checks),
            `${title[lang]}${lang === 'zh' ? '：' : ': '}${summary[lang]}`,
          ]);
          return run.print(...formatTable(['NAME', 'STEPS', 'CHECKS', 'ABOUT'], rows));
        }
        const lesson = await client.lessons.get(name, { signal });
        if (run.isJson) return run.printJson(lesson);
        if (file) return void run.stdout.write(lesson.text);
        return run.print(...formatLesson(run, lesson, lang));
      }),
    );
  addCommon(command, { engine: false });
  addExamples(
    command,
    ['terrarium lessons', 'what there is'],
    ['terrarium lessons closed --lang zh', 'one, in Chinese'],
    ['terrarium lessons closed --file > mine.yaml', 'to make one of your own of it'],
  );
}

function formatLesson({ style }: Invocation, { title, summary, file }: Lesson, language: Language): string[] {
  const { steps = [], checks = {} } = file;
  return [
    style('bold', title[language]),
    summary[language],
    ...steps.flatMap(({ text, command, check = [] }, index) => [
      '',
      `${index + 1}. ${inLanguage(text, language)}`,
      ...(command === undefined
        ? []
        : command
            .trimEnd()
            .split('\n')
            .map((line) => style('cyan', `     ${line}`))),
      ...[check].flat().map((name) => {
        const statement = checks[name]?.text;
        return style('dim', `   ✓ ${name}${statement === undefined ? '' : `: ${inLanguage(statement, language)}`}`);
      }),
    ]),
  ];
}
