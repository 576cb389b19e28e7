import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startReferenceCmms } from '../../pipelines/demo/reference-cmms/reference-cmms.ts';
import type { WorkRequest } from '../../pipelines/demo/reference-cmms/work-request.ts';
import type { ReferenceServer } from '../../pipelines/demo/reference-server.ts';
import { rowsOf } from '../stand/landed.ts';
import { lacksRoundup, type Roundup, roundupService } from '../stand/roundup.ts';
import { until, worksAt } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { HOT_ANYWHERE, MODEL, workflow } from './workflows.ts';
import { hurried, PATIENCE, startWorld, type World } from './world.ts';

const PLANTS = ['p1', 'p2', 'p3'].map((id) => ({ ...MODEL, id }));
longSuite(
  'S22: plants that came with maintenance systems of their own',
  () => {
    let world: World;
    let second: ReferenceServer;
    let roundup: Roundup;
    beforeAll(async () => {
      second = await startReferenceCmms({ journal: join(temporaryDirectory(), 'second.ndjson') });
      roundup = await roundupService();
      await roundup.start();
      const token = { kind: 'bearer', token: 'reference' };
      world = await startWorld({
        cmms: [
          hurried('reference', {}),
          hurried('reference', {
            ...{ name: 'second', base: second.url, auth: token, takes: { plants: ['p2'] } },
          }),
          hurried('roundup', { takes: { plants: ['p3'] } }),
        ],
        env: roundup.env,
      });
      const only = { ...workflow('spare-parts'), plants: ['p1'] };
      await world.apply(PLANTS, { ...HOT_ANYWHERE, workflows: [only] });
      for (const plant of ['p1', 'p2', 'p3']) world.heat(`${plant}/l1/press`, 90);
    });
    afterAll(async () => {
      await world?.stop();
      await roundup?.stop();
      await second?.close();
    });

    const inSecond = async () => {
      const headers = { Authorization: 'Bearer reference' };
      const answer = await fetch(`${second.url}/api/work-requests`, { headers });
      return ((await answer.json()) as { items: WorkRequest[] }).items;
    };
    const statusOf = (plant: string, status: string) =>
      until(`${plant} to be ${status}`, PATIENCE, async () => {
        const said = await rowsOf<{ status: string }>(
          world.stand,
          `SELECT status FROM {db}.request_statuses WHERE id IN
           (SELECT id FROM {db}.request_history WHERE plant = '${plant}')`,
        );
        return said.some((one) => one.status === status);
      });

    test('S22: each plant has its request in its own system, and in no other', async () => {
      await until('a request in each system', PATIENCE, async () => {
        const found = [await worksAt(world.stand), await inSecond(), await roundup.issues()];
        return found.every(({ length }) => length > 0);
      });
      expect((await worksAt(world.stand)).map(({ asset }) => asset)).toEqual(['p1/l1/press']);
      expect((await inSecond()).map(({ asset }) => asset)).toEqual(['p2/l1/press']);
      const issues = await roundup.issues();
      expect(issues).toHaveLength(1);
      expect(issues[0]?.title).toMatch(/^p3\/l1\/press: .*\[[a-z0-9]+\]$/);
    });

    test('S22: what each system says of its own comes back, and the workflow of a plant is that plant’s', async () => {
      const [work] = await inSecond();
      const headers = {
        ...{ Authorization: 'Bearer reference', 'Content-Type': 'application/json' },
      };
      const path = `${second.url}/api/work-requests/${work?.id}/accept`;
      const accepted = await fetch(path, { method: 'POST', headers, body: '{}' });
      expect(accepted.status).toBe(200);
      await statusOf('p2', 'accepted');
      const [issue] = await roundup.issues();
      await roundup.set(issue?.id ?? '', 'in-progress');
      await statusOf('p3', 'started');
      const begun = await rowsOf<{ plant: string }>(
        world.stand,
        "SELECT DISTINCT plant FROM {db}.workflow_steps WHERE state = 'begun'",
      );
      expect(begun).toEqual([{ plant: 'p1' }]);
    });

    test('S22: a later revision goes where the first one went: with the ETag that the desk asks for', async () => {
      // Nobody has begun with the request of the first plant: it is well again, as is the third.
      world.heat('p1/l1/press', 60);
      await statusOf('p1', 'cancelled');
      const [before] = await roundup.issues();
      await roundup.set(before?.id ?? '', 'unread');
      world.heat('p3/l1/press', 60);
      await until('the revision to be settled', PATIENCE, async () => {
        const settled = await rowsOf(
          world.stand,
          "SELECT id FROM {db}.deliveries FINAL WHERE system = 'roundup' AND revision > 1 AND state = 'settled'",
        );
        return settled.length > 0;
      });
      expect((await inSecond()).map(({ asset }) => asset)).toEqual(['p2/l1/press']);
    });

    test('S22: a kill changes nothing of that, and each is compared with its own', async () => {
      await world.stand.worker.kill();
      await world.stand.worker.start();
      const { out } = await world.stand.andon([
        ...['reconcile', '--json', '--config', world.stand.config],
      ]);
      const reports: { lane: string; system: string; sides: { ours: number; theirs: number }[] }[] =
        JSON.parse(out);
      const sides = reports.filter(({ lane }) => lane === 'requests');
      expect(sides.map(({ system, sides: [side] }) => [system, side?.ours])).toEqual([
        ['reference', 1],
        ['second', 1],
        ['roundup', 1],
      ]);
      expect(await roundup.issues()).toHaveLength(1);
      expect(await worksAt(world.stand)).toHaveLength(1);
      expect(await inSecond()).toHaveLength(1);
    });
  },
  lacksRoundup(),
);
