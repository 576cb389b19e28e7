/** Roundup as a process of its own: a desk of somebody else, with the tracker that it comes with. */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../pipelines/base/free-port.ts';
import { createService, type Service } from '../../pipelines/stand/service.ts';
import { findRoundup, ROUNDUP_REMEDY } from '../../scripts/roundup.js';
import { temporaryDirectory } from '../support/temporary.ts';

const PASSWORD = 'reference';

/** An issue as a person sees it. */
type Issue = { readonly title: string; readonly status: { readonly name: string } };

export interface Roundup extends Service {
  /** What its profile takes from the environment. */
  readonly env: Readonly<Record<string, string>>;
  issues(): Promise<readonly (Issue & { readonly id: string })[]>;
  /** A person gives an issue another status. */
  set(id: string, status: string): Promise<void>;
}

/** Whether it is installed here. Else a sentence says what to do. */
export function lacksRoundup(): string | undefined {
  return findRoundup() === undefined ? `Roundup is not installed. ${ROUNDUP_REMEDY}` : undefined;
}

export async function roundupService(): Promise<Roundup> {
  const installed = findRoundup();
  if (installed === undefined) throw new Error(ROUNDUP_REMEDY);
  const home = join(temporaryDirectory(), 'tracker');
  const origin = `http://127.0.0.1:${await freePort()}`;
  const admin = (...args: readonly string[]) => {
    const done = spawnSync(installed.admin, ['-i', home, ...args], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`roundup-admin ${args[0]}: ${done.stderr}`);
  };
  admin('install', 'classic', 'sqlite');
  const file = join(home, 'config.ini');
  const text = readFileSync(file, 'utf8')
    .replace(/^#web = .*/m, `web = ${origin}/plant/`)
    .replace(/^#domain = .*/m, 'domain = plant.example')
    .replace(/^#host = NO DEFAULT/m, 'host = localhost');
  writeFileSync(file, text);
  admin('initialise', PASSWORD);
  // It runs as root only where somebody says so: its programs lie in the cache folder of whoever tests.
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const service = createService({
    ...{ name: 'roundup', command: installed.server },
    args: [...user, '-n', '127.0.0.1', '-p', new URL(origin).port, `plant=${home}`],
    ready: (signal) => untilThere(`${origin}/plant/rest/`, signal),
  });
  const rest = `${origin}/plant/rest/data`;
  const headers = {
    ...{ 'X-Requested-With': 'rest', Origin: origin, Referer: `${origin}/plant/` },
    ...{ 'Content-Type': 'application/json' },
    Authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`,
  };
  const ask = async <T>(path: string, init: RequestInit = {}) => {
    const response = await fetch(`${rest}${path}`, {
      ...init,
      headers: { ...headers, ...init.headers },
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return { etag: response.headers.get('etag') ?? '', data: (await response.json()) as T };
  };
  return {
    ...service,
    env: {
      ...{ ROUNDUP_URL: rest, ROUNDUP_USER: 'admin', ROUNDUP_PASSWORD: PASSWORD },
      ...{ ROUNDUP_ORIGIN: origin, ROUNDUP_PAGE: `${origin}/plant/` },
    },
    async issues() {
      const all = '/issue?@fields=title,status&@verbose=2';
      type Collection = { data: { collection: (Issue & { id: string })[] } };
      return (await ask<Collection>(all)).data.data.collection;
    },
    async set(id, status) {
      const { etag } = await ask(`/issue/${id}`);
      const body = JSON.stringify({ status });
      await ask(`/issue/${id}`, { method: 'PATCH', headers: { 'If-Match': etag }, body });
    },
  };
}

async function untilThere(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(url, { signal }).catch(() => undefined);
    // It asks who we are, and so shows that it is there.
    if (answer !== undefined && answer.status < 500) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
