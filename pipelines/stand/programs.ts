import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { makePasswords } from '../../sinks/clickhouse/warehouse/secret.ts';
import { warehouseCommand } from '../../sinks/clickhouse/warehouse/warehouse.ts';
import { readConfig } from '../base/config.ts';
import type { Program, Variables } from './service.ts';

const HERE = fileURLToPath(new URL('../../', import.meta.url));
const PRESET = fileURLToPath(new URL('../../examples/cmms/reference.yaml', import.meta.url));
/** What callers of the reference CMMS have to show. */
const TOKEN = 'reference';
/** Milliseconds between two looks whether a process answers. */
const LOOK = 10;
/** Milliseconds in which a program that is there has answered. */
const PATIENCE = 2_000;

/** How a command ended, and what it printed on either output. */
export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** The command of a checkout, or of the JavaScript that was made of one. */
const commandOf = (code: string | undefined) => join(code ?? HERE, 'scripts/andon.js');

/** Runs a command of `andon` to its end. `code`: see `StandOptions`. */
export function andon(args: readonly string[], env: Variables = {}, code?: string): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [commandOf(code), ...args],
      { env: { ...process.env, ...env }, maxBuffer: 64_000_000 },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, out, err });
      },
    );
  });
}

/** `node`: options of node ahead of the program. `ready`: the address that has to answer. `code`: see `StandOptions`. */
export function workerProgram(options: {
  readonly config: string;
  readonly env: Variables;
  readonly node: readonly string[];
  readonly ready: string;
  readonly code: string | undefined;
}): Program {
  const { config, env, node, ready, code } = options;
  return {
    ...{ name: 'worker', command: process.execPath, env },
    args: [...node, commandOf(code), 'run', '--config', config],
    ready: (signal) => answers(ready, signal),
  };
}

/** The page and the API, of the same configuration as the worker. */
export function consoleProgram(options: {
  readonly config: string;
  readonly env: Variables;
  readonly url: string;
}): Program {
  const { config, env, url } = options;
  return {
    ...{ name: 'console', command: process.execPath, env },
    args: [commandOf(undefined), 'console', '--config', config],
    ready: (signal) => answers(`${url}/healthz`, signal),
  };
}

/** An edge with its sources. `url`: of its health and status. */
export function edgeProgram(options: {
  readonly config: string;
  readonly env: Variables;
  readonly url: string;
  readonly code: string | undefined;
}): Program {
  const { config, env, url, code } = options;
  return {
    ...{ name: 'edge', command: process.execPath, env },
    args: [commandOf(code), 'edge', '--config', config],
    ready: (signal) => answers(`${url}/readyz`, signal),
  };
}

/** Where the reference CMMS is, and how to log in. */
export type CmmsAddress = { readonly url: string; readonly token: string };

export function cmmsProgram(
  folder: string,
  port: number,
  code?: string,
): { readonly program: Program; readonly address: CmmsAddress } {
  const address = { url: `http://127.0.0.1:${port}`, token: TOKEN };
  const journal = join(folder, 'cmms.ndjson');
  const options = ['--port', String(port), '--journal', journal, '--token', TOKEN];
  return {
    address,
    program: {
      ...{ name: 'CMMS', command: process.execPath },
      args: [commandOf(code), 'reference-cmms', ...options],
      ready: (signal) => answers(`${address.url}/`, signal),
    },
  };
}

/** A reference system as a process, at an address that outlives it. */
export function referenceProgram(
  command: 'reference-erp' | 'reference-planner',
  folder: string,
  port: number,
  code?: string,
): { readonly program: Program; readonly url: string } {
  const url = `http://127.0.0.1:${port}`;
  const journal = join(folder, `${command}.ndjson`);
  return {
    url,
    program: {
      ...{ name: command, command: process.execPath },
      args: [commandOf(code), command, '--port', String(port), '--journal', journal],
      ready: (signal) => answers(`${url}/`, signal),
    },
  };
}

/** What the preset of the reference CMMS says of the orders that it made itself, without the status of requests. */
export function presetOrders(): object {
  const { orders, status } = parse(readFileSync(PRESET, 'utf8'));
  return { ...orders, at: status.at, words: status.words };
}

/** What the preset of the reference CMMS says of the status of requests. */
export function presetStatus(): object {
  return parse(readFileSync(PRESET, 'utf8')).status;
}

/**
 * How a worker finds the reference CMMS: its preset, but without its rate, since it takes as many calls as come, and
 * without its status and the orders that it made itself. What people answer there today is ahead of the time of a replay,
 * and the same log would no longer give the same answers.
 */
export function cmmsConfig({ url, token }: CmmsAddress, others: object): object {
  const { status: _, orders: __, rate: ___, ...preset } = parse(readFileSync(PRESET, 'utf8'));
  return { ...preset, base: url, auth: { kind: 'bearer', token }, ...others };
}

/** An embedded warehouse that is no child of a worker, and what a worker shows that writes into it. */
export function warehouseProgram(
  directory: string,
  port: number,
  code?: string,
): { readonly program: Program; readonly url: string; readonly password: string } {
  const { memory } = readConfig(undefined, {}).clickhouse;
  const program = code === undefined ? undefined : join(code, 'sinks/clickhouse/warehouse/main.js');
  const { url, ...command } = warehouseCommand({ directory, port, memory, program });
  return {
    program: { name: 'warehouse', ...command },
    url,
    password: makePasswords(directory).owner,
  };
}

/** Each attempt has a signal of its own: fetch lets go of one only when its answer is collected. */
async function answers(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) }).catch(
      () => undefined,
    );
    if (answer?.ok === true) return;
    await pause(LOOK, undefined, { signal });
  }
}
