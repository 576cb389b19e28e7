import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import {
  type Supervised,
  type SuperviseOptions,
  type SupervisorEvent,
  supervise,
} from '../../../pipelines/base/supervise.ts';

const running: Supervised[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((supervised) => supervised.stop()));
});

/** Supervises a piece of JavaScript that is ready when it prints "up". */
function supervised(script: string, options: Partial<SuperviseOptions> = {}) {
  const events: SupervisorEvent[] = [];
  const waiting: (() => void)[] = [];
  const until = async (count: number, kind: SupervisorEvent['kind']) => {
    while (events.filter((each) => each.kind === kind).length < count) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const ups = () =>
    events.filter((each) => each.kind === 'child-line' && each.line === 'up').length;
  let starts = 0;
  const process_ = supervise({
    name: 'the child',
    command: process.execPath,
    args: ['-e', script],
    ready: async (signal) => {
      starts += 1;
      const wanted = starts;
      while (ups() < wanted) {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    onEvent: (event) => {
      events.push(event);
      for (const wake of waiting.splice(0)) wake();
    },
    ...options,
  });
  running.push(process_);
  return { process_, events, until };
}

const STAYS = "console.log('up'); setInterval(() => {}, 1000)";

test('a process that is killed is started again, and is another process', async () => {
  const { process_, until } = supervised(STAYS);
  await process_.ready;
  const first = process_.pid()!;
  process.kill(first, 'SIGKILL');
  await until(2, 'child-ready');
  expect(process_.pid()).not.toBe(first);
  expect(process_.pid()).toBeDefined();
});

test('pauses between starts double', async () => {
  const { process_, events, until } = supervised("console.log('up'); process.exitCode = 7");
  await process_.ready.catch(() => undefined);
  await until(3, 'child-exited');
  const pauses = events.flatMap((each) => (each.kind === 'child-exited' ? [each.again] : []));
  expect(pauses.slice(0, 3)).toEqual([100, 200, 400]);
});

test('a process that never becomes ready is given up with its own last words', async () => {
  const script = "console.error('no room on the device'); process.exitCode = 9";
  const { process_, events } = supervised(script);
  await expect(process_.ready).rejects.toThrow(
    /expected the child to become ready, found it ended with exit code 9\s+no room on the device/,
  );
  expect(events.filter((each) => each.kind === 'child-started')).toHaveLength(5);
});

test('a command that does not exist is a problem at once', async () => {
  const { process_ } = supervised('', { command: '/nonexistent/program' });
  await expect(process_.ready).rejects.toThrow(
    /none of this name\. Install it or correct its path/,
  );
});

test('stop ends a process that ignores SIGTERM, after the grace time', async () => {
  const { process_, events } = supervised(`process.on('SIGTERM', () => {}); ${STAYS}`, {
    grace: 200,
  });
  await process_.ready;
  await process_.stop();
  expect(events.at(-1)).toMatchObject({
    kind: 'child-exited',
    reason: 'SIGKILL',
    again: undefined,
  });
  expect(process_.pid()).toBeUndefined();
});

test('stop during a pause between starts starts nothing more', async () => {
  const { process_, events, until } = supervised('process.exitCode = 1');
  await until(1, 'child-exited');
  await process_.stop();
  expect(events.filter((each) => each.kind === 'child-started')).toHaveLength(1);
});

test('a process that stays but is not ready in time is killed and started again', async () => {
  const { until } = supervised('setInterval(() => {}, 1000)', { patience: 300 });
  await until(2, 'child-started');
});

test('a supervised process dies when its supervisor is killed', async () => {
  const supervisor = fileURLToPath(new URL('../../stand/supervisor.ts', import.meta.url));
  const parent = spawn(process.execPath, ['--import', 'tsx', supervisor], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  const child = Number(line);
  expect(isAlive(child)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(child), { timeout: 5_000, interval: 10 }).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
