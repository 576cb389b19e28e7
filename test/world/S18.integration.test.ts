import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../pipelines/base/config.ts';
import { openAccounts } from '../../pipelines/console/access/accounts.ts';
import { consoleDirectory } from '../../pipelines/console/console.ts';
import { signIn } from '../pipelines/console/console-stand.ts';
import { PASSWORD } from '../pipelines/console/password.ts';
import { rowsOf } from '../stand/landed.ts';
import { worksAt } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { NO_BROWSER, overhangOf, startBrowser, TELEPHONE, visit } from '../web/browser.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { startWorld, type World } from './world.ts';

const PLACE = { plant: 'p1', line: 'l1' };

longSuite('S18: work from a telephone', withBrowser, NO_BROWSER);

function withBrowser(): void {
  let world: World;
  let browser: Browser;
  beforeAll(async () => {
    world = await startWorld();
    await world.put('vendors', { vendor: 'S-1', name: 'Seals & Co', lead_time_days: 12 });
    const press = { ...workflow('spare-parts'), when: "asset.id == 'press'" };
    await world.apply(MODEL, hotMachines(press, workflow('supplier-record')));
    const { stand } = world;
    const accounts = openAccounts(consoleDirectory(readConfig(stand.config, {})));
    await accounts.put('tom', PASSWORD, [{ role: 'technician', ...PLACE }]);
    await accounts.put('sue', PASSWORD, [{ role: 'supervisor', ...PLACE }]);
    await stand.console.start();
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  test('S18: a technician takes the work on from a telephone, and its workflow goes on', async () => {
    world.heat('press', 90);
    const press = await world.requestOf('press');
    await world.untilStep('press', 'accepted', 'pending');
    const { page, errors, close } = await visit(browser, world.stand.console.url, 'tom', {
      screen: TELEPHONE,
    });
    await page.locator('a[href*="/machine/p1/l1/press"]').first().click();
    const alarm = page.locator('.alarm', { hasText: 'temperature is 90' });
    await alarm.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('Done. It is in the log.').waitFor();
    expect(await overhangOf(page)).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
    await close();
    await world.untilStep('press', 'accepted', 'done');
    await world.untilStep('press', 'announce', 'done');
    expect((await world.held()).works).toMatchObject([{ reference: press }]);
  });

  test('S18: an answer that is sent again, since the network was bad, is one answer', async () => {
    world.heat('mill', 90);
    await world.untilStep('mill', 'allowed', 'pending');
    const request = (await worksAt(world.stand)).find(({ asset }) => asset === 'p1/l1/mill');
    const [tom, sue] = await Promise.all(
      ['tom', 'sue'].map((name) => signIn(world.stand.console.url, name)),
    );
    const body = {
      ...{ request: request?.external_key, step: 'allowed', decision: 'approve' },
      values: { lead_time_days: 20 },
    };
    const send = (who: typeof tom) =>
      who?.post('/assets/p1/l1/mill/decisions', body, { 'Idempotency-Key': 'telephone-1' });
    // To change what the ERP knows is not for everybody.
    expect((await send(tom))?.status).toBe(403);
    expect((await send(sue))?.status).toBe(202);
    expect((await send(sue))?.status).toBe(202);
    await world.untilStep('mill', 'change', 'done');
    expect((await world.held()).vendors).toMatchObject([{ lead_time_days: 20, version: 2 }]);
    const acts =
      "SELECT type FROM {db}.machine_events FINAL WHERE kind = 'act' AND type = 'decision'";
    expect(await rowsOf(world.stand, acts)).toHaveLength(1);
  });
}
