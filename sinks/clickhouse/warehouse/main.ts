import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createAccessLog } from './access-log.ts';
import { readerShares } from './analyst-settings.ts';
import { engineFacts } from './analyst-system.ts';
import { openEngine } from './engine.ts';
import { GATE_LIMITS } from './gate.ts';
import { makePasswords } from './secret.ts';
import { createWarehouseServer } from './server.ts';
import { createSessions } from './sessions.ts';
import { createOverdueEnds, startWatchdog, WATCH_LIMITS } from './watchdog.ts';

// The embedded warehouse: a process of its own that owns a chDB data directory and serves it over HTTP. Never a worker
// thread: after one that used chDB has ended, the engine of the process hangs.

const { values } = parseArgs({
  options: {
    directory: { type: 'string' },
    port: { type: 'string', default: '0' },
    memory: { type: 'string', default: '2000000000' },
    // Milliseconds; see GateLimits and WatchLimits. Shorter in tests.
    overdue: { type: 'string', default: String(GATE_LIMITS.overdue) },
    silence: { type: 'string', default: String(WATCH_LIMITS.silence) },
    stop: { type: 'string', default: String(WATCH_LIMITS.stop) },
  },
});
const { port, memory } = values;
if (values.directory === undefined) throw new Error('expected --directory');
const directory = resolve(values.directory);

const addressFile = join(directory, 'address.json');
const data = join(directory, 'data');
const folder = join(directory, 'incoming');
mkdirSync(data, { recursive: true });

let engine: ReturnType<typeof openEngine>;
try {
  engine = openEngine(data, [
    `--max_server_memory_usage=${memory}`,
    '--mark_cache_size=134217728',
    '--uncompressed_cache_size=0',
    '--index_mark_cache_size=33554432',
  ]);
} catch (error) {
  console.error(
    `${data}: expected a data directory that no other process uses, found that it cannot be opened ` +
      `(${error instanceof Error ? error.message : String(error)}). ` +
      'Stop the other worker or command, or use another directory.',
  );
  process.exit(4);
}

// What a killed process left behind was never confirmed to anybody.
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
// The engine takes the name of a table that it does not know for a file of the working directory: in here there is none.
const empty = join(directory, 'empty');
rmSync(empty, { recursive: true, force: true });
mkdirSync(empty);
process.chdir(empty);
const sessions = createSessions(engine);
const facts = await engineFacts(engine);
const shares = readerShares(facts.cores);
const context = { engine, sessions, folder, memory: Number(memory), facts, shares };
const server = createWarehouseServer({
  context,
  passwords: makePasswords(directory),
  log: createAccessLog(directory),
  overdue: createOverdueEnds(directory),
  limits: { ...GATE_LIMITS, overdue: Number(values.overdue) },
});
server.on('error', (error) => {
  console.error(`127.0.0.1:${port}: ${error.message}. Choose another port.`);
  process.exit(3);
});
server.listen(Number(port), '127.0.0.1', () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const draft = `${addressFile}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ url, pid: process.pid }));
  renameSync(draft, addressFile);
  console.log(`listening on ${url}`);
});

const watchdog = startWatchdog({
  silence: Number(values.silence),
  stop: Number(values.stop),
});
let stopping = false;
function stop(): void {
  if (stopping) return;
  stopping = true;
  watchdog.stopping();
  rmSync(addressFile, { force: true });
  server.close(() => {
    sessions.close();
    engine.close();
    process.exit(0);
  });
  server.closeIdleConnections();
}
process.on('SIGTERM', stop);
// Ctrl-C reaches every process of the terminal; the one that started this says when it is time.
process.on('SIGINT', () => undefined);

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) stop();
}, 1_000).unref();
