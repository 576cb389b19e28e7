import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import { afterEach, expect } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../../../../pipelines/base/free-port.ts';
import { findNatsServer } from '../../../../scripts/nats-server.js';
import { ANDON } from '../../../stand/code.ts';
import { createOpcuaPlant } from '../../../stand/opcua-server.ts';
import { decodeNode, encodeNode, type UMetric } from '../../../stand/sparkplug-node.ts';
import { ROOT, until } from '../../../stand/stand.ts';
import { argumentsOf, blocksOf, commandsOf } from '../../../support/documents.ts';
import { longTest } from '../../../support/long.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const LONG = 600_000;
const FOLDER = 'examples/edge/first/';
const HALF = 100;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A node of Sparkplug with a hundred metrics that says a value of each, again and again. */
async function startCells(): Promise<number> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`);
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  let [seq, n] = [0, 0];
  const publish = (type: string, metrics: UMetric[]) => {
    const topic = `spBv1.0/works/${type}/cell 1${type.startsWith('D') ? '/press' : ''}`;
    client.publish(topic, encodeNode({ timestamp: Date.now(), seq, metrics }));
    seq = (seq + 1) % 256;
  };
  const values = () =>
    Array.from({ length: HALF }, (_, at) => {
      const metric = { name: `Zone ${at}/Temp`, alias: at, type: 'Double', value: 20 + at + n };
      return metric as unknown as UMetric;
    });
  client.on('message', (_topic, payload) => {
    if (decodeNode(payload).metrics?.[0]?.name !== 'Node Control/Rebirth') return;
    seq = 0;
    publish('NBIRTH', [{ name: 'bdSeq', type: 'UInt64', value: 1 }]);
    publish('DBIRTH', values());
  });
  await client.subscribeAsync('spBv1.0/works/NCMD/cell 1');
  const timer = setInterval(() => {
    n += 1;
    publish(
      'DDATA',
      values().map(({ name: _, ...metric }) => metric as UMetric),
    );
  }, 500);
  closing.push(async () => {
    clearInterval(timer);
    await client.endAsync(true);
    server.close();
    broker.close();
  });
  return port;
}

/** Lines that a program has said. One that does not end by itself is waited for until it says `word`. */
async function run(
  [command = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  word?: RegExp,
): Promise<string> {
  const child: ChildProcess = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  const text = () => said.join('\n');
  const ended = once(child, 'exit') as Promise<[number | null]>;
  if (word !== undefined) {
    closing.push(async () => {
      child.kill('SIGTERM');
      await ended;
    });
  }
  const spoken = new Promise<void>((resolve) => {
    for (const output of [child.stdout, child.stderr]) {
      if (output === null) continue;
      createInterface({ input: output }).on('line', (line) => {
        said.push(line);
        if (word?.test(line) === true) resolve();
      });
    }
  });
  const failed = ended.then(([code]) => {
    if (code !== 0 || word !== undefined) throw new Error(`${args.join(' ')}: ${code}\n${text()}`);
  });
  await Promise.race(word === undefined ? [failed] : [spoken, failed]);
  failed.catch(() => undefined);
  return text();
}

/** What programs that go on say when they are ready. */
const READY: Readonly<Record<string, RegExp>> = {
  'nats-server': /Server is ready/,
  run: /worker|ready|http/i,
  edge: /edge-started|edge stamping-1 brings/,
};

longTest(
  'a Sparkplug and an OPC UA plant of 200 tags are connected by ten commands',
  LONG,
  async (context) => {
    const server = findNatsServer();
    context.skip(server === undefined, 'nats-server is not here');
    const cwd = temporaryDirectory();
    const plc = await createOpcuaPlant({ NODES: String(HALF) });
    await plc.start();
    closing.push(() => plc.stop());
    let level = 0;
    const fill = setInterval(() => {
      level += 1;
      const values = Array.from({ length: HALF }, (_, at) => ({
        name: `v${at}`,
        value: level + at,
      }));
      plc.set(...values).catch(() => undefined);
    }, 1_000);
    closing.push(() => clearInterval(fill));
    const ports = {
      ...{ 4222: await freePort(), 4223: await freePort(), 7422: await freePort() },
      ...{ 1883: await startCells(), 4840: plc.port, 9465: await freePort() },
    };
    mkdirSync(join(cwd, FOLDER), { recursive: true });
    for (const file of ['edge.yaml', 'centre.conf', 'leaf.conf']) {
      let text = readFileSync(join(ROOT, FOLDER, file), 'utf8');
      for (const [from, to] of Object.entries(ports)) text = text.replaceAll(`:${from}`, `:${to}`);
      // The broker of the test speaks 3.1.1; the server of the test has one folder with a hundred values.
      text = text.replace('host: andon-works', 'host: andon-works, version: 3.1.1');
      text = text.replace('"{machine}/{tag...}"', '"{machine}/{tag}"');
      writeFileSync(
        join(cwd, FOLDER, file),
        `${text}${file === 'edge.yaml' ? httpOf(ports[9465]) : ''}`,
      );
    }
    const env = {
      ...process.env,
      ...{ NATS_URL: `nats://127.0.0.1:${ports[4222]}`, ANDON_HTTP_PORT: '0', NO_COLOR: '1' },
    };
    const commands = blocksOf('docs/edge.md')
      .filter(({ words }) => words.includes('ten-commands'))
      .flatMap(commandsOf);
    expect(commands).toHaveLength(10);
    const said = new Map<string, string>();
    for (const command of commands) {
      const words = argumentsOf(command).map((word) => (word === '60' ? '20' : word));
      const [program = '', verb = ''] = words;
      const isServer = program === 'nats-server';
      const called = isServer
        ? [server ?? '', ...words.slice(1)]
        : [process.execPath, ANDON, ...words.slice(1)];
      const stays = isServer || verb === 'run' || (verb === 'edge' && words[2] === '--config');
      const ask = () => run(called, env, cwd, stays ? READY[isServer ? program : verb] : undefined);
      if (verb !== 'sql') {
        said.set(`${verb} ${words[2]}`, await ask());
        continue;
      }
      let rows = '';
      await until('the rows of both plants', LONG, async () => {
        rows = await ask();
        return (
          new RegExp(`^Many\\t${HALF}\\t`, 'm').test(rows) &&
          new RegExp(`^press\\t${HALF}\\t`, 'm').test(rows)
        );
      });
    }
    const { plants } = parse(readFileSync(join(cwd, 'plant.yaml'), 'utf8'));
    expect(plants[0].lines.map(({ id }: { id: string }) => id)).toEqual(['cell_1', 'plc']);
    expect(said.get('apply --check')).toMatch(/no mistakes/);
    expect(said.get('edge status')).toMatch(/cells .*\n.*plc /);
  },
);

function httpOf(port: number): string {
  return `http: { port: ${port} }\n`;
}
