#!/usr/bin/env node
// The command `terrarium`: a client of the server like any other. What it can do is program.ts.
import { buildProgram } from './program.ts';

await buildProgram().parseAsync();
