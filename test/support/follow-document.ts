/** Follows the commands of a document, with real programs. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { freePort } from '../../pipelines/base/free-port.ts';
import { argumentsOf, blocksOf, commandsOf } from './documents.ts';
import { temporaryDirectory } from './temporary.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** What `npm run nats` runs. */
export const NATS_SCRIPT = 'scripts/nats.js';
const started: ChildProcess[] = [];

afterAll(async () => {
  for (const child of started.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

/** Starts a program that does not end by itself; resolves when it has said `word`. */
async function start(args: readonly string[], env: NodeJS.ProcessEnv, word: string): Promise<void> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        said.push(line);
        if (line.includes(word)) resolve();
      });
    }
    child.once('exit', () => reject(new Error(`${args.join(' ')} ended:\n${said.join('\n')}`)));
  });
}

/** The commands of the blocks with this word, and what each said, by its first two words. `plants/` and `.andon/` are folders of the test. */
export async function followDocument(document: string, word: string) {
  const directory = temporaryDirectory();
  const natsPort = await freePort();
  const port = await freePort();
  const config = join(directory, 'andon.yaml');
  const example = readFileSync(join(root, 'examples/andon.yaml'), 'utf8');
  writeFileSync(config, example.replace(':8089', `:${port}`));
  const env = {
    ...process.env,
    NATS_URL: `nats://127.0.0.1:${natsPort}`,
    ANDON_DIR: directory,
    ANDON_HTTP_PORT: '0',
    NO_COLOR: '1',
  };
  const moved = (text: string) =>
    text
      .replaceAll('examples/andon.yaml', config)
      .replaceAll('.andon/', `${directory}/`)
      .replaceAll(/(?<=^|[\s])plants\//g, `${directory}/`);
  const commands = blocksOf(document)
    .filter(({ words }) => words.includes(word))
    .flatMap(commandsOf);
  const said = new Map<string, string>();
  const end = (command: string, program: string, args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: root,
      env,
      encoding: 'utf8',
    });
    expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' });
    return stdout;
  };
  for (const command of commands) {
    if (command === 'npm run nats') {
      const options = ['-p', `${natsPort}`, '-sd', join(directory, 'nats')];
      await start([NATS_SCRIPT, ...options], env, 'Server is ready');
      continue;
    }
    if (!command.startsWith('npx andon ')) {
      end(command, 'sh', ['-c', moved(command)]);
      continue;
    }
    const args = argumentsOf(command).slice(2).map(moved);
    const andon = ['scripts/andon.js', ...args];
    if (args[0] === 'reference-cmms') await start([...andon, '--port', `${port}`], env, 'url');
    else if (args[0] === 'run') await start(andon, env, 'revision 2 is settled');
    else said.set(args.slice(0, 2).join(' '), end(command, process.execPath, andon));
  }
  return { commands, said };
}
