import { fileURLToPath } from 'node:url';

/** The benchmarks as a program of their own: what node has to be told to run one. Compiled ones need no translator. */
export function benchProgram(args: readonly string[]): readonly string[] {
  const isCompiled = !import.meta.url.endsWith('.ts');
  const main = fileURLToPath(new URL(isCompiled ? 'main.js' : 'main.ts', import.meta.url));
  return [...(isCompiled ? [] : ['--import', import.meta.resolve('tsx')]), main, ...args];
}
