import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Registry } from 'prom-client';
import { findNatsServer, NATS_SERVER_REMEDY } from '../../scripts/nats-server.js';
import type { Config } from '../base/config.ts';
import { messageOf } from '../base/problem.ts';
import { isAtLeast } from '../base/version.ts';
import { OLDEST_SERVER } from '../nats/nats.ts';
import { startHttp } from '../observe/http.ts';
import { type CheckResult, fail, ok, warn } from './check-result.ts';
import { examineClickHouse } from './clickhouse.ts';
import { examineCmms } from './cmms.ts';
import { examineNats } from './nats.ts';
import { examineSystems } from './systems.ts';

/** Examines everything that a worker with this configuration needs. `file`: where the configuration is from. */
export async function examine(
  config: Config,
  file: string | undefined,
): Promise<readonly CheckResult[]> {
  // In turn: the machine's checks make the directory that the embedded engine uses.
  return [
    ...(await examineMachine(config)),
    ...(await examineNats(config)),
    ...(await examineClickHouse(config)),
    ...(await examineCmms(config)),
    ...(await examineSystems(config, file)),
  ];
}

/** One line for each result, and below it what to do. */
export function describeResults(results: readonly CheckResult[]): string {
  const width = Math.max(...results.map(({ check }) => check.length));
  return results
    .map(({ check, state, found, remedy }) => {
      const line = `${state.padEnd(4)}  ${check.padEnd(width)}  ${found}`;
      return remedy === undefined ? line : `${line}\n${' '.repeat(width + 8)}${remedy}`;
    })
    .join('\n');
}

const OLDEST_NODE = '20.19';
/** Less room than this and a worker will stop before anybody has read the warning. */
const LEAST_ROOM = 1e9;

/** What this machine gives a worker. */
async function examineMachine(config: Config): Promise<readonly CheckResult[]> {
  return [node(), natsServer(), directory(config), room(config), await port(config)];
}

function node(): CheckResult {
  const found = process.versions.node;
  if (isAtLeast(found, OLDEST_NODE)) return ok('Node', found);
  return fail('Node', found, `Install Node ${OLDEST_NODE} or newer.`);
}

function natsServer(): CheckResult {
  const check = 'nats-server program';
  try {
    const path = findNatsServer();
    if (path === undefined) {
      return warn(check, 'none', `Only tests and the demo need it. ${NATS_SERVER_REMEDY}`);
    }
    const printed = execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 5_000 }).trim();
    const found = `${printed.replace(/^nats-server: /, '')} at ${path}`;
    if (isAtLeast(printed, OLDEST_SERVER)) return ok(check, found);
    return warn(check, found, NATS_SERVER_REMEDY);
  } catch (error) {
    return warn(check, messageOf(error), NATS_SERVER_REMEDY);
  }
}

function directory(config: Config): CheckResult {
  const path = resolve(config.directory);
  const probe = join(path, `.doctor-${process.pid}`);
  try {
    mkdirSync(path, { recursive: true });
    const file = openSync(probe, 'w');
    writeSync(file, 'probe');
    fsyncSync(file);
    closeSync(file);
    rmSync(probe);
    return ok('directory', `${path} can be written`);
  } catch (error) {
    const remedy = 'Make it writable, or set directory (ANDON_DIR) to a place that is.';
    return fail('directory', messageOf(error), remedy);
  }
}

function room(config: Config): CheckResult {
  const check = 'disk';
  try {
    const { bavail, bsize } = statfsSync(resolve(config.directory));
    const free = bavail * bsize;
    const found = `${(free / 1e9).toFixed(1)} GB free`;
    if (free < LEAST_ROOM) return fail(check, found, 'Make room: epoch files need it.');
    if (free >= config.backlog.bytes * 2) return ok(check, found);
    const wanted = `${((config.backlog.bytes * 2) / 1e9).toFixed(1)} GB`;
    return warn(check, found, `A full backlog and its data need ${wanted}; lower backlog.bytes.`);
  } catch (error) {
    return fail(check, messageOf(error), 'Set directory (ANDON_DIR) to a place that exists.');
  }
}

async function port({ http: { host, port } }: Config): Promise<CheckResult> {
  const check = 'health port';
  try {
    const server = await startHttp({ host, port, metrics: new Registry(), unready: () => [] });
    await server.close();
    return ok(check, `${host}:${port} is free`);
  } catch (error) {
    const answer = await fetch(`http://${host}:${port}/healthz`, {
      signal: AbortSignal.timeout(2_000),
    }).then(
      (response) => response.text(),
      () => '',
    );
    if (answer === '{"status":"ok"}') return ok(check, `a worker answers on ${host}:${port}`);
    return fail(check, messageOf(error));
  }
}
