import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Child } from '../../../pipelines/base/child.ts';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { cmmsProgram } from '../../../pipelines/stand/programs.ts';
import { createService, type Service } from '../../../pipelines/stand/service.ts';
import { CODE } from '../../stand/code.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { startSystems } from './start-systems.ts';
import { askReference, freshRequest, type Plant, startPlant, worksOf } from './systems-support.ts';

const FAULTS = [
  'commit-then-cut',
  'cut-before-commit',
  'commit-then-error',
  'unavailable',
] as const;

let plant: Plant;
let delivery: Child | undefined;
let cmms: Service | undefined;
let url: string;

beforeAll(async () => {
  plant = await startPlant();
  const { program, address } = cmmsProgram(temporaryDirectory(), await freePort(), CODE);
  cmms = createService(program);
  url = address.url;
});
afterAll(async () => {
  await delivery?.stop(2_000);
  await cmms?.stop();
  await plant.close();
});

async function startMaintenance(): Promise<void> {
  delivery = await startSystems([plant.nats.url, 'cmms', url]);
}

async function startCmms(seed: number): Promise<void> {
  await cmms?.start();
  const faults = FAULTS.map((fault) => ({ fault, delay: 0 }));
  const script = [{ fault: 'commit-then-cut', method: 'POST', times: 3 }];
  const misbehaviour = { script, random: { seed, probability: 0.3, faults } };
  await askReference(url)('PUT', '/admin/misbehaviour', misbehaviour);
}

async function killDelivery(): Promise<void> {
  delivery?.kill('SIGKILL');
  await delivery?.exited;
}

describe('with everything killed at random moments', () => {
  it('each request is one object with the content of its last revision', async () => {
    await startCmms(1);
    await startMaintenance();
    const requests = Array.from({ length: 12 }, () => freshRequest());
    for (const revision of [1, 2, 3, 4]) {
      await plant.send(
        ...requests.map((request) => ({
          ...request,
          revision,
          action: revision === 1 ? ('open' as const) : ('update' as const),
          title: `Revision ${revision}`,
        })),
      );
      // Moments that differ from run to run are the point here; what is expected does not depend on them.
      await sleep(Math.random() * 500);
      await killDelivery();
      if (revision % 2 === 0) {
        await cmms?.kill();
        await startCmms(revision);
      }
      if (revision === 3) {
        await plant.nats.kill();
        await plant.nats.restart();
      }
      await startMaintenance();
    }
    for (const { id } of requests) {
      await expect
        .poll(async () => plant.entry(id).catch(() => undefined), {
          timeout: 40_000,
          interval: 100,
        })
        .toMatchObject({ revision: 4, delivery: 'sent' });
    }
    for (const { id } of requests) {
      const works = await read(() => worksOf(url, id));
      expect(works).toMatchObject([{ external_key: id, title: 'Revision 4', revision: 4 }]);
    }
    const entries = await Promise.all(requests.map(({ id }) => plant.entry(id)));
    const outcomes = entries.flatMap((entry) => entry?.history.map(({ outcome }) => outcome) ?? []);
    expect(outcomes).toContain('found');
  });
});

/** The CMMS goes on misbehaving while the test looks. */
async function read<T>(look: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
  }
  throw new Error('the CMMS does not answer');
}
