import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { freePort } from '../../pipelines/base/free-port.ts';
import { ROOT, until } from '../stand/stand.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('the end of npm ends the nats-server that `npm run nats` has started', async () => {
  const port = await freePort();
  const args = ['run', 'nats', '--', '-p', `${port}`, '-sd', join(temporaryDirectory(), 'nats')];
  // A group of its own, so that whatever is left can be ended at the end.
  const npm = spawn('npm', args, {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const lines: string[] = [];
  createInterface({ input: npm.stderr }).on('line', (line) => lines.push(line));
  const servers = `127.0.0.1:${port}`;
  const answers = async () => {
    const connection = await connect({ servers, reconnect: false }).catch(() => undefined);
    await connection?.close();
    return connection !== undefined;
  };
  try {
    await until(`nats-server to answer: ${lines.join(' ')}`, 60_000, answers);
    npm.kill('SIGTERM');
    await until('nobody to answer', 30_000, async () => !(await answers()));
  } finally {
    // The whole group: npm, its shell, the script and the server.
    if (npm.pid !== undefined) {
      try {
        process.kill(-npm.pid, 'SIGKILL');
      } catch (error) {
        expect(error).toMatchObject({ code: 'ESRCH' });
      }
    }
  }
});
