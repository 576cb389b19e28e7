import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startReferenceCmms } from '../../pipelines/demo/reference-cmms/reference-cmms.ts';
import type { WorkRequest } from '../../pipelines/demo/reference-cmms/work-request.ts';
import { startReferenceErp } from '../../pipelines/demo/reference-erp/reference-erp.ts';
import type { Reservation } from '../../pipelines/demo/reference-erp/stock.ts';
import type { ReferenceServer } from '../../pipelines/demo/reference-server.ts';
import { rowsOf } from '../stand/landed.ts';
import { until, worksAt } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { HOT_ANYWHERE, MODEL, workflow } from './workflows.ts';
import { hurried, PATIENCE, referenceErp, startWorld, type World } from './world.ts';

/** Two plants, and kills between. */
const LONG = 3 * PATIENCE;

const SECRET = { Authorization: 'Bearer reference', 'Content-Type': 'application/json' };
async function ask<T>({ url }: ReferenceServer, path: string, body?: object): Promise<T> {
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`${url}${path}`, { ...sent, headers: SECRET });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return (await answer.json()) as T;
}
const worksIn = async (cmms: ReferenceServer) =>
  (await ask<{ items: WorkRequest[] }>(cmms, '/api/work-requests')).items;
const placesIn = async (cmms: ReferenceServer) =>
  (await worksIn(cmms)).map(({ asset }) => asset).toSorted();
const reservedIn = async (erp: ReferenceServer) =>
  (await ask<{ reservations: Reservation[] }>(erp, '/admin/objects')).reservations;

/** The workflow of one plant, which asks an ERP of that name. */
function partsOf(plant: string, erp: string): object {
  const asked = JSON.stringify(workflow('packaging-line')).replaceAll('"erp.', `"${erp}.`);
  return { ...JSON.parse(asked), id: `parts-${plant}`, plants: [plant] };
}
const rulesWith = (erp: string) => ({
  ...HOT_ANYWHERE,
  workflows: [partsOf('p1', 'erp'), partsOf('p2', erp)],
});
const PLANTS = ['p1', 'p2'].map((id) => ({ ...MODEL, id }));

longSuite('two plants with systems of their own, and systems that are exchanged', () => {
  let world: World;
  /** CMMS and ERP of the second plant, old and new. */
  let [second, third, sap, s4]: ReferenceServer[] = [];
  const cmmsAt = (name: string, server: ReferenceServer | undefined, more: object = {}) =>
    hurried('reference', {
      ...{ name, base: server?.url, auth: { kind: 'bearer', token: 'reference' } },
      ...{ takes: { plants: ['p2'] }, ...more },
    });

  beforeAll(async () => {
    const journal = (name: string) => join(temporaryDirectory(), `${name}.ndjson`);
    [second, third, sap, s4] = await Promise.all([
      startReferenceCmms({ journal: journal('second') }),
      startReferenceCmms({ journal: journal('third') }),
      startReferenceErp({ journal: journal('sap') }),
      startReferenceErp({ journal: journal('s4') }),
    ]);
    world = await startWorld({
      cmms: [hurried('reference', {}), cmmsAt('second', second)],
      systems: () => ({ sap: referenceErp(sap?.url ?? ''), s4: referenceErp(s4?.url ?? '') }),
    });
    await world.apply(PLANTS, rulesWith('sap'));
  });
  afterAll(async () => {
    await world?.stop();
    for (const server of [second, third, sap, s4]) await server?.close();
  });

  /** Waits until a step of a machine has been in a state. */
  const untilStep = (plant: string, asset: string, step: string, state: string) =>
    until(`${step} of ${plant}'s ${asset} to be ${state}`, LONG, async () => {
      const found = await rowsOf(
        world.stand,
        `SELECT step FROM {db}.workflow_steps WHERE plant = '${plant}' AND asset = '${asset}' AND step = '${step}'
         AND (state = '${state}' OR remote_state = '${state}')`,
      );
      return found.length > 0;
    });

  test('each plant asks its own CMMS and its own ERP, at once', async () => {
    for (const plant of ['p1', 'p2']) world.heat(`${plant}/l1/press`, 90);
    await untilStep('p1', 'press', 'reserve', 'assigned');
    await untilStep('p2', 'press', 'reserve', 'assigned');
    expect((await worksAt(world.stand)).map(({ asset }) => asset)).toEqual(['p1/l1/press']);
    const [work, ...others] = await worksIn(second as ReferenceServer);
    expect([work?.asset, others]).toEqual(['p2/l1/press', []]);
    const [own] = await worksAt(world.stand);
    expect((await world.held()).reservations).toMatchObject([{ reference: own?.external_key }]);
    expect(await reservedIn(sap as ReferenceServer)).toMatchObject([
      { reference: work?.external_key, status: 'ASSIGNED' },
    ]);
  });

  test('figures stand beside each other by plant, on one definition', async () => {
    const { out, err } = await world.stand.andon([
      ...['sql', '@figures', '--json', '--config', world.stand.config],
    ]);
    expect(err).toBe('');
    const lines = out.trim().split('\n');
    const told: { plant: string; title: string; cases: number }[] = lines.map((one) =>
      JSON.parse(one),
    );
    const parts = told.filter(({ title }) => title === 'Parts availability');
    expect(parts).toMatchObject([
      { plant: 'p1', cases: 1, value: 1 },
      { plant: 'p2', cases: 1, value: 1 },
    ]);
  });

  test('a new ERP takes what begins, and the old one what is under way: nothing is asked twice', async () => {
    await world.apply(PLANTS, rulesWith('s4'));
    world.heat('p2/l1/mill', 90);
    await untilStep('p2', 'mill', 'reserve', 'assigned');
    const mill = (await worksIn(second as ReferenceServer)).find((one) =>
      one.asset.endsWith('mill'),
    );
    expect(await reservedIn(s4 as ReferenceServer)).toMatchObject([
      { reference: mill?.external_key, status: 'ASSIGNED' },
    ]);
    // The press began with the old one, which takes its part back.
    world.heat('p2/l1/press', 60);
    await untilStep('p2', 'press', 'reserve', 'undone');
    expect(await reservedIn(sap as ReferenceServer)).toMatchObject([{ status: 'RELEASED' }]);
    expect(await reservedIn(s4 as ReferenceServer)).toHaveLength(1);
  });

  test('a new CMMS takes over what is open: it finds what was moved there, and makes what was not', async () => {
    world.heat('p2/l1/lathe', 90);
    await until('two open requests', LONG, async () => {
      const works = await worksIn(second as ReferenceServer);
      return works.filter(({ status }) => status === 'NEW').length === 2;
    });
    const before = await worksIn(second as ReferenceServer);
    const mill = before.find(({ asset }) => asset === 'p2/l1/mill');
    await world.stand.worker.stop();
    const { external_key, title, asset } = mill ?? {};
    await ask(third as ReferenceServer, '/api/work-requests', { external_key, title, asset });
    const settings = JSON.parse(readFileSync(world.stand.config, 'utf8'));
    const cmms = [hurried('reference', {}), cmmsAt('third', third, { succeeds: ['second'] })];
    writeFileSync(world.stand.config, JSON.stringify({ ...settings, cmms }));
    await second?.close();
    second = undefined;
    await world.stand.worker.start();
    await until('both to be there', LONG, async () => {
      const works = await worksIn(third as ReferenceServer);
      return works.length >= 2;
    });
    // What becomes of one there comes back: the mill is accepted, the lathe is well again.
    const [moved] = (await worksIn(third as ReferenceServer)).filter((one) => one.asset === asset);
    await ask(third as ReferenceServer, `/api/work-requests/${moved?.id}/accept`, {});
    await until('the status of the mill', LONG, async () => {
      const said = await rowsOf<{ status: string }>(
        world.stand,
        `SELECT status FROM {db}.request_statuses WHERE id = '${external_key}'`,
      );
      return said.some(({ status }) => status === 'accepted');
    });
    world.heat('p2/l1/lathe', 60);
    await until('the lathe to be withdrawn', LONG, async () => {
      const works = await worksIn(third as ReferenceServer);
      return works.some((one) => one.asset.endsWith('lathe') && one.status === 'WITHDRAWN');
    });
    // A kill more, and nothing is made a second time; the press, which is over, stays where it was.
    await world.stand.worker.kill();
    await world.stand.worker.start();
    world.heat('p2/l1/press', 90);
    await until('the next one of the press', LONG, async () =>
      (await placesIn(third as ReferenceServer)).includes('p2/l1/press'),
    );
    expect(await placesIn(third as ReferenceServer)).toEqual([
      ...['p2/l1/lathe', 'p2/l1/mill', 'p2/l1/press'],
    ]);
    expect((await worksAt(world.stand)).map((one) => one.asset)).toEqual(['p1/l1/press']);
  });
});
