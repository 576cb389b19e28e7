/** `npm run bench`: compiles the sources, and runs the benchmarks from what was compiled, in this very process. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile } from './compile.js';

const { folder, remove } = compile('tsconfig.bench.json');
process.on('exit', remove);
await import(pathToFileURL(join(folder, 'bench/main.js')).href);
