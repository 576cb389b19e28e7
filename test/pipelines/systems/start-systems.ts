import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../../../pipelines/base/child.ts';

const FILE = fileURLToPath(new URL('systems-child.ts', import.meta.url));

/** Starts the child of these tests and resolves when it has said its first line of JSON. */
export async function startSystems(args: readonly string[]): Promise<Child> {
  const lines: string[] = [];
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const child = await startChild({
    command: process.execPath,
    args: ['--import', 'tsx', FILE, ...args],
    onLine: (line) => {
      lines.push(line);
      if (line.startsWith('{')) begin();
    },
  });
  const ended = child.exited.then(() => {
    throw new Error(`${FILE} ended before it began:\n${lines.join('\n')}`);
  });
  await Promise.race([begun, ended]);
  ended.catch(() => undefined);
  return child;
}
