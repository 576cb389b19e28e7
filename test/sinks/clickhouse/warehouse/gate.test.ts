import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { readerShares } from '../../../../sinks/clickhouse/warehouse/analyst-settings.ts';
import type { Connection } from '../../../../sinks/clickhouse/warehouse/engine.ts';
import { GATE_LIMITS, type GateLimits } from '../../../../sinks/clickhouse/warehouse/gate.ts';
import { createWarehouseServer } from '../../../../sinks/clickhouse/warehouse/server.ts';
import { createSessions } from '../../../../sinks/clickhouse/warehouse/sessions.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

// The door with an engine that answers for ever: what is cut, and what is let in beside it.

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** An engine whose streams never end. `ended` counts those that were left. */
function endlessEngine() {
  const count = { open: 0, ended: 0 };
  const connection: Connection = {
    query: async () => ({ bytes: Buffer.alloc(0), rowsRead: 0, bytesRead: 0 }),
    insert: async () => ({ written: 0, bytes: 0 }),
    async *stream() {
      count.open += 1;
      try {
        for (;;) {
          await new Promise(setImmediate);
          yield Buffer.alloc(1 << 16, 'x');
        }
      } finally {
        count.ended += 1;
      }
    },
    close: () => undefined,
  };
  return { count, engine: { connect: () => connection, close: () => undefined } };
}

async function startDoor(limits: Partial<GateLimits>) {
  const { engine, count } = endlessEngine();
  const facts = {
    ...{
      cores: 2,
      functions: new Map(),
      tableFunctions: new Set<string>(),
      types: new Set<string>(),
    },
    ...{ formats: new Set(['tabseparated']), systemColumns: new Map() },
  };
  const context = {
    ...{ engine, facts, sessions: createSessions(engine) },
    ...{ folder: temporaryDirectory(), memory: 1e9, shares: readerShares(2) },
  };
  const server = createWarehouseServer({
    context,
    passwords: { owner: 'o', analyst: 'a', console: 'c' },
    log: { statement: () => undefined, refused: () => undefined },
    overdue: { check: () => undefined, note: () => undefined },
    limits: { ...GATE_LIMITS, ...limits },
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, count };
}

/** A connection on which something was sent. */
async function sent(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

async function everything(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  if (!socket.closed) await once(socket, 'close');
  return text;
}

const HEAD = 'POST /?user=default&password=o HTTP/1.1\r\nHost: localhost\r\n';
const ASK = `${HEAD}Content-Length: 8\r\n\r\nSELECT 1`;

test('a body that does not come is cut', async () => {
  const { port } = await startDoor({ bodyPause: 200 });
  const socket = await sent(port, `${HEAD}Content-Length: 100\r\n\r\nSELECT`);
  expect(await everything(socket)).toContain('Code: 209.');
});

test('a body that comes drop by drop is cut too', async () => {
  const { port } = await startDoor({ bodyPause: 2_000, body: 400 });
  const socket = await sent(port, `${HEAD}Content-Length: 100000\r\n\r\n`);
  const drops = setInterval(() => socket.write(' '), 50);
  expect(await everything(socket)).toContain('Code: 209.');
  clearInterval(drops);
});

test('headers that do not come are cut', async () => {
  const { port } = await startDoor({ headers: 100 });
  const socket = await sent(port, 'POST / HTTP/1.1\r\nHost: loc');
  await everything(socket);
  expect(socket.destroyed).toBe(true);
});

test('who does not read is cut, and the statement ends', async () => {
  const { port, count } = await startDoor({ unread: 300 });
  const socket = await sent(port, ASK);
  socket.pause();
  await expect.poll(() => count.ended, { timeout: 20_000 }).toBe(1);
});

test('statements that wait have an end of their line', async () => {
  const { port, count } = await startDoor({ running: 1, waiting: 2 });
  const first = await sent(port, ASK);
  first.pause();
  await expect.poll(() => count.open).toBe(1);
  for (const _ of [1, 2]) await sent(port, ASK);
  const over = await sent(port, ASK);
  over.on('data', () => undefined);
  const [answer] = await once(over, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 503[\s\S]*Code: 202\./);
});

test('strangers cannot keep out who has a password', async () => {
  const { port } = await startDoor({ strangers: 4 });
  const strangers: Socket[] = [];
  for (let n = 0; n < 12; n += 1) strangers.push(await sent(port, 'POST / HT'));
  const known = await sent(port, ASK);
  const [answer] = await once(known, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200/);
  await expect.poll(() => strangers.filter(({ closed }) => closed).length).toBeGreaterThan(6);
});
