import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Command } from '../../../operators/model/command.ts';
import {
  type StopWindow,
  startReferencePlanner,
} from '../../../pipelines/demo/reference-planner/reference-planner.ts';
import type { ReferenceServer } from '../../../pipelines/demo/reference-server.ts';
import { systemConfigSchema } from '../../../sinks/remote/system-config.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { type ErpPlant, startErpPlant } from './commands-support.ts';
import { QUICK, readProfile } from './erp-config.ts';
import { exampleCommand, undoOf } from './example-command.ts';

let plant: ErpPlant;
let planner: ReferenceServer;
beforeAll(async () => {
  plant = await startErpPlant();
  planner = await startReferencePlanner({ journal: join(temporaryDirectory(), 'p.ndjson') });
});
afterAll(async () => {
  await planner.close();
  await plant.close();
});

const until = { timeout: 15_000, interval: 25 };
const MINUTES = 60_000_000;
const START = Date.UTC(2026, 10, 30, 8) * 1_000;

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${planner.url}${path}`, {
    method,
    headers: { 'X-Api-Key': 'reference', 'Content-Type': 'application/json' },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return (await response.json()) as T;
}

function runWithPlanner() {
  const { rate: _, ...profile } = readProfile('planner');
  const quick = JSON.parse(JSON.stringify(profile).replaceAll('"30s"', '"100ms"'));
  const auth = { kind: 'header', name: 'X-Api-Key', value: 'reference' };
  const config = systemConfigSchema.parse({
    ...{ ...quick, name: 'planner', base: planner.url, auth, ...QUICK },
  });
  return plant.run({}, [config]);
}

const windowsOf = async ({ key }: Command) =>
  (await ask<{ items: StopWindow[] }>('GET', `/api/windows?external_key=${key}`)).items;
const entryOf = (command: Command) => plant.entry(command);

it('a stop is proposed, accepted by a planner, moved by its version, and withdrawn', async () => {
  const payload = { start: START, end: START + 30 * MINUTES };
  const about = { system: 'planner', step: 'window', payload } as const;
  const propose = exampleCommand({ ...about, verb: 'propose-stop' });
  const run = runWithPlanner();
  await plant.send(propose);
  await expect.poll(async () => (await entryOf(propose))?.state, until).toBe('proposed');
  const [window] = await windowsOf(propose);
  expect(window).toMatchObject({ line: 'berlin/packing', start: '2026-11-30T08:00:00Z' });
  await ask('POST', `/api/windows/${window?.id}/accept`, { note: 'fits' });
  await expect.poll(async () => (await entryOf(propose))?.state, until).toBe('accepted');

  const later = { start: START + 60 * MINUTES, end: START + 90 * MINUTES };
  const move = exampleCommand({
    ...{ ...about, request: propose.request, step: 'move', verb: 'move-stop' },
    payload: { ...later, remote: window?.id ?? '' },
  });
  await plant.send(move);
  await expect.poll(async () => (await entryOf(move))?.outcome, until).toBe('done');
  expect((await entryOf(move))?.values).toMatchObject({ start: '2026-11-30T09:00:00Z' });

  const undo = undoOf(propose, 'withdraw-stop');
  await plant.send(undo);
  await expect.poll(async () => (await entryOf(undo))?.outcome, until).toBe('done');
  await run.stop();
  expect(await windowsOf(propose)).toMatchObject([
    { status: 'WITHDRAWN', start: '2026-11-30T09:00:00Z', note: undo.because },
  ]);
  const [first] = await plant.replies(propose);
  expect(first?.subject).toBe('status.planner.berlin.packing.filler-1');
});

it('finds the first time at which somebody with the skill is free, and takes it from what is less urgent', async () => {
  const iso = (hour: number) => new Date(Date.UTC(2026, 11, 1, hour)).toISOString();
  const shift = { id: 'early', skill: 'electrician', start: iso(6), end: iso(14), people: 1 };
  await ask('PUT', '/admin/shifts', shift);
  const window = { line: 'berlin/packing', skill: 'electrician', start: iso(6), end: iso(8) };
  await ask('POST', '/api/windows', { ...window, priority: 'medium' });
  const slotFor = async (more: object) => {
    const asked = { skill: 'electrician', hours: '2', after: iso(0), priority: 'medium', ...more };
    const query = String(new URLSearchParams(asked));
    return (await ask<{ start: string | null }>('GET', `/api/slots?${query}`)).start;
  };
  expect(await slotFor({})).toBe(iso(8));
  expect(await slotFor({ priority: 'low' })).toBe(iso(8));
  expect(await slotFor({ priority: 'urgent' })).toBe(iso(6));
  expect(await slotFor({ after: iso(9) })).toBe(iso(9));
  expect(await slotFor({ after: iso(13) })).toBe(null);
  expect(await slotFor({ skill: 'welder' })).toBe(null);
});
