// `npm start`: the set-up, then the server in this very process, so that signals and the exit code are its own.
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { projectPath } from './setup/project.mjs';
import { runSetup } from './setup/runner.mjs';
import { chooseStartSteps } from './setup/steps.mjs';

const code = await runSetup(chooseStartSteps());
if (code === 0) await import(pathToFileURL(projectPath('dist', 'src', 'main.js')).href);
else process.exitCode = code;
