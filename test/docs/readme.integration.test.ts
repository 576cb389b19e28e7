import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { freePort } from '../../pipelines/base/free-port.ts';
import { argumentsOf, blocksOf, commandsOf } from '../support/documents.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** What `npm run nats` runs. */
const NATS_SCRIPT = 'scripts/nats.js';
const started: ChildProcess[] = [];

afterAll(async () => {
  for (const child of started.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

/** Starts a program of the README that does not end by itself; resolves when it has said `word`. */
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

test('the first steps of the README lead to one request in the CMMS, and tell why', async () => {
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
  const steps = blocksOf('README.md').filter(({ words }) => words.includes('first-steps'));
  const said = new Map<string, string>();
  for (const command of steps.flatMap(commandsOf)) {
    if (command === 'npm run nats') {
      const options = ['-p', `${natsPort}`, '-sd', join(directory, 'nats')];
      await start([NATS_SCRIPT, ...options], env, 'Server is ready');
      continue;
    }
    const args = argumentsOf(command)
      .slice(2)
      .map((word) => word.replace('examples/andon.yaml', config))
      .map((word) => word.replace('.andon/', `${directory}/`));
    const andon = ['scripts/andon.js', ...args];
    if (args[0] === 'reference-cmms') await start([...andon, '--port', `${port}`], env, 'url');
    else if (args[0] === 'run') await start(andon, env, 'revision 2 is settled');
    else {
      const { status, stdout, stderr } = spawnSync(process.execPath, andon, {
        cwd: root,
        env,
        encoding: 'utf8',
      });
      expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' });
      said.set(args.slice(0, 2).join(' '), stdout);
    }
  }
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(scripts.nats).toBe(`node ${NATS_SCRIPT}`);
  expect(said.size).toBe(6);
  expect(said.get('requests')).toMatch(/\ni2b2imy4l3jj3qao64nc .* sent .* WR-00001 +2\/2 /);
  expect(said.get('requests show')).toContain('failure mode is now CAVITATION');
  expect(said.get('sql --file')?.split('\n').length).toBeGreaterThan(3);
  // What the CMMS answered today is ahead of a recording of January, once it has come round.
  expect(said.get('dead-letters')).toMatch(/^no dead letters\n$|^\S+ \S+ {2}skew ×1 {2}status\./);
});
