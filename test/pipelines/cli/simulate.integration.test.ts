import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { registerSimulate } from '../../../pipelines/cli/simulate.ts';
import { findStream, isReplay } from '../../../pipelines/nats/streams.ts';
import { ANDON } from '../../stand/code.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const folder = temporaryDirectory();
let server: TestNats;
beforeAll(async () => {
  server = await startNats();
});
afterAll(() => server.stop());

/** What `andon simulate … --json` says. */
async function simulate(...words: string[]) {
  const lines: string[] = [];
  const spy = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)));
  const program = new Command().exitOverride();
  registerSimulate(program.command('simulate'));
  const all = ['simulate', ...words, '--json', '--nats', server.url];
  try {
    await program.parseAsync(['node', 'andon', ...all]);
  } finally {
    spy.mockRestore();
  }
  return JSON.parse(lines.join('\n'));
}

async function stream() {
  const connection = await connect({ servers: server.url });
  try {
    const info = await findStream(connection, 'ANDON_0');
    return { messages: info?.state.messages, replay: info !== undefined && isReplay(info) };
  } finally {
    await connection.close();
  }
}

test('a faster plant needs a stream that is marked as a replay, and says so', async () => {
  await expect(simulate('--speed', '60')).rejects.toThrow(
    /expected one marked as a replay for a speed of 60, found none\. With --replay it is made/,
  );
  await expect(simulate('--hours', 'many')).rejects.toThrow(/--hours: expected a number above 0/);
});

test('a replay holds the model, the rules and exactly the messages that the truth counts', async () => {
  const file = join(folder, 'truth.json');
  const said = await simulate(
    ...['--replay', '--apply', '--speed', 'max', '--hours', '0.1', '--seed', '7', '--truth', file],
  );
  const truth = JSON.parse(readFileSync(file, 'utf8'));
  expect(said).toMatchObject({ hours: 0.1, stopped: false, acknowledged: truth.messages });
  expect(truth).toMatchObject({
    seed: 7,
    begins: '2026-03-02T05:00:00Z',
    ends: '2026-03-02T05:06:00Z',
  });
  expect(truth.readings).toBe(said.readings);
  expect(await stream()).toEqual({ messages: truth.messages + 2, replay: true });
});

test('Ctrl-C ends it, and the truth is about what is in the log', async () => {
  const file = join(folder, 'stopped.json');
  await server.stop();
  server = await startNats();
  const options = ['--replay', '--speed', '600', '--truth', file, '--nats', server.url];
  const child = spawn(process.execPath, [ANDON, 'simulate', ...options]);
  const left = once(child, 'exit');
  await vi.waitFor(async () => expect((await stream()).messages).toBeGreaterThan(500), 30_000);
  child.kill('SIGINT');
  expect((await left)[0]).toBe(0);
  const { messages } = JSON.parse(readFileSync(file, 'utf8'));
  expect(await stream()).toEqual({ messages, replay: true });
});

test('a plant that began before where the stream is already is refused', async () => {
  await expect(simulate('--hours', '0.1')).rejects.toThrow(/expected a replay that has not passed/);
});

test('into a live stream it runs as if it were now', async () => {
  await server.stop();
  server = await startNats();
  const before = Date.now();
  const file = join(folder, 'live.json');
  const said = await simulate('--hours', '0.002', '--truth', file);
  const truth = JSON.parse(readFileSync(file, 'utf8'));
  expect(Date.parse(truth.begins)).toBeGreaterThanOrEqual(before);
  expect(await stream()).toEqual({ messages: said.acknowledged, replay: false });
  expect(said.acknowledged).toBe(truth.messages);
});
