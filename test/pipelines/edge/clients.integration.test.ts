/** The clients of examples/clients: killed like their servers amid sending, they lose nothing and double nothing. */

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, type TestContext, test } from 'vitest';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { plant } from '../../../pipelines/plant.ts';
import { changesOf } from '../../../pipelines/rules/changes.ts';
import { readPlantFile, readRulesFile } from '../../../pipelines/rules/rules.ts';
import { createService, type Service } from '../../../pipelines/stand/service.ts';
import { createPipelineEngine } from '../../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../../pipelines/worker/epochs/state-image.ts';
import { broughtTo, EDGE_PLANT, type EdgeStand, startEdgeStand } from '../../stand/edge-stand.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { findPython } from '../../stand/pypi.ts';
import { type Relay, startRelay } from '../../stand/relay.ts';
import { ROOT, until } from '../../stand/stand.ts';
import { longTest } from '../../support/long.ts';
import { temporaryDirectory, temporaryFile } from '../../support/temporary.ts';

const LONG = 120_000;
const CLIENTS = join(ROOT, 'examples', 'clients');
const COUNT = 600;
/** One of ten messages is a waveform. */
const READINGS = Array.from({ length: COUNT }, (_, at) => at + 1).filter((n) => n % 10 !== 0);

let nats: TestNats | undefined;
let relay: Relay | undefined;
let client: Service | undefined;
let stand: EdgeStand | undefined;
afterEach(async () => {
  await client?.kill();
  relay?.close();
  await stand?.stop();
  await nats?.stop();
  [client, relay, stand, nats] = [undefined, undefined, undefined, undefined];
});

/** How a client is started: what it is asked to do comes behind. */
type Command = { readonly command: string; readonly args: readonly string[] };

function clientOf({ command, args }: Command, words: readonly string[], env = {}): Service {
  const name = 'the client';
  const ready = () => Promise.resolve();
  return createService({ name, command, args: [...args, ...words], env, ready });
}

/** What the pipeline makes of a log: readings by number, and repeats. */
async function evaluated({ url }: TestNats) {
  const connection = await connectNats({ servers: url, name: 'test' });
  const log = await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
  const { last } = await log.state();
  const [numbers, repeats, refused]: [number[], number[], string[]] = [[], [], []];
  let waveforms = 0;
  const engine = createPipelineEngine(plant, NO_STATES, {
    row({ table, row }) {
      if (table === 'readings') {
        // A column a signal: as many values as there are times.
        const at = row.signals.indexOf('number') * row.times.length;
        numbers.push(...row.values.subarray(at, at + row.times.length));
      }
      if (table === 'waveforms') waveforms += 1;
      if (table !== 'dead_letters') return;
      if (row.reason === 'duplicate') repeats.push(row.count);
      else if (row.reason !== 'unknown') refused.push(`${row.reason} ${row.detail}`);
    },
  });
  for (let read = 0; read < last; ) {
    const { messages } = await log.pull(1_000, 5_000, AbortSignal.timeout(LONG));
    for (const message of messages) {
      read = message.sequence;
      engine.push(message);
    }
  }
  await log.close();
  await connection.close();
  return { numbers: numbers.sort((a, b) => a - b), repeats: repeats.length, refused, waveforms };
}

async function startLog(): Promise<TestNats> {
  nats = await startNats();
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  await ensurePartition(connection, { partition: 0, partitions: 1 });
  const model = await readPlantFile(temporaryFile('plant.yaml', JSON.stringify(EDGE_PLANT)));
  const rules = await readRulesFile(temporaryFile('rules.yaml', '{}'));
  for (const { messages } of changesOf(model, rules)) {
    for (const { subject, payload } of messages) connection.publish(subject, payload);
  }
  await connection.flush();
  await connection.close();
  return nats;
}

const sizeOf = (spool: string) => statSync(join(spool, 'messages')).size;

/** Killed with answers unheard, then without its server, which is killed meanwhile, too. */
async function killedAmid(command: Command): Promise<void> {
  const server = await startLog();
  const spool = join(temporaryDirectory(), 'spool');
  const words = (url: string) => [url, 'works.line1.press', spool, String(COUNT), '0.003'];
  relay = await startRelay(server.port);
  const held = relay.hold({ ask: /PUB \S*telemetry/, answer: /"seq": ?\d{3}\b/ });
  client = clientOf(command, words(`nats://127.0.0.1:${relay.port}`));
  await client.start();
  const { cut } = await held;
  await client.kill();
  cut();
  client = clientOf(command, words(server.url));
  await client.start();
  const size = sizeOf(spool);
  await until('it to go on', LONG, async () => sizeOf(spool) > size + 5_000);
  await server.kill();
  const left = sizeOf(spool);
  await until('it to go on without its server', LONG, async () => sizeOf(spool) > left + 5_000);
  await client.kill();
  client = clientOf(command, words(server.url));
  await client.start();
  await server.start();
  const { code } = await client.ended(LONG);
  expect(code, client.lines.join('\n')).toBe(0);
  const { repeats, ...seen } = await evaluated(server);
  expect(seen).toEqual({ numbers: READINGS, refused: [], waveforms: COUNT / 10 });
  expect(repeats).toBeGreaterThan(0);
}

test('TypeScript: killed with answers unheard, and without its server: each message counts once', async () => {
  const args = ['--import', 'tsx', join(CLIENTS, 'typescript', 'publisher.ts')];
  await killedAmid({ command: process.execPath, args });
});

longTest('Python: the same', 300_000, async (context) => {
  const found = findPython('nats-py==2.16.0', 'nats');
  context.skip(typeof found === 'string', String(found));
  if (typeof found === 'string') return;
  await killedAmid({ command: found.python, args: [join(CLIENTS, 'python', 'publisher.py')] });
});

longTest('Go: the same', 900_000, async (context) => {
  await killedAmid({ command: builtGo(context), args: [] });
});

/** The modules come through the proxy of Go, or out of its cache. */
function builtGo(context: TestContext): string {
  const program = join(temporaryDirectory(), 'publisher');
  const options = { cwd: join(CLIENTS, 'go'), encoding: 'utf8', timeout: 600_000 } as const;
  const { status, error, stderr } = spawnSync('go', ['build', '-o', program, '.'], options);
  const why = error?.message ?? stderr;
  const absent = error !== undefined || /dial tcp|no such host|proxy/.test(stderr);
  context.skip(absent, `Go or its modules are not here: ${why.slice(0, 200)}`);
  expect(status, why).toBe(0);
  return program;
}

longTest('curl: client, edge and leaf node are killed: each sample counts once', LONG, async () => {
  const port = await freePort();
  const token = 'a-token-of-this-test';
  const tokens = [{ name: 'press', token, machines: ['Presse 3'] }];
  const sources = [{ name: 'push', kind: 'http', http: { port, tokens } }];
  stand = await startEdgeStand({ partitions: 1, edge: { sources } });
  await stand.edge.start();
  const spool = join(temporaryDirectory(), 'spool');
  const script = { command: 'sh', args: [join(CLIENTS, 'curl', 'push.sh')] };
  const words = [`http://127.0.0.1:${port}/readings`, 'Presse 3', spool, '120', '0.01'];
  client = clientOf(script, words, { PRESS_TOKEN: token });
  await client.start();
  const waits = () => readdirSync(join(spool, 'waiting')).length;
  const { hub } = stand;
  const brought = async () => (await broughtTo(hub, 1)).length;
  await until('some of it', LONG, async () => (await brought()) > 20);
  await client.kill();
  await stand.leaf.kill();
  client = clientOf(script, words, { PRESS_TOKEN: token });
  await client.start();
  await until('the client to miss the leaf node', LONG, async () => waits() > 0);
  await stand.leaf.start();
  await until('more of it', LONG, async () => (await brought()) > 50);
  await stand.edge.kill();
  await until('the client to miss the edge', LONG, async () => waits() > 2);
  await stand.edge.start();
  expect((await client.ended(LONG)).code, client.lines.join('\n')).toBe(0);
  await until('all of it', LONG, async () => (await brought()) >= 120);
  const numbers = (await broughtTo(hub, 1)).map(
    ({ payload }) => (payload.values as { number: number }).number,
  );
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
});
