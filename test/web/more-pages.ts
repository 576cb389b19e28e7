/** The pages of alarms, health, diagnosis, rules, figures and work, as a part of page.integration.test.ts. */

import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { until } from '../stand/stand.ts';
import { overhangOf, TELEPHONE, violationsOf } from './browser.ts';

export type Opened = (
  name: string,
  options: object,
  run: (page: Page) => Promise<void>,
) => Promise<void>;

/** Where each page is, and what is there when it has come. */
export const MORE_PLACES = [
  ['alarms', async (page: Page) => goTo(page, 'alarms', '.virtual-row')],
  ['silenced', async (page: Page) => goTo(page, 'alarms?view=silenced', '#idle-rules')],
  ['the alarm system', async (page: Page) => goTo(page, 'alarms?view=numbers', '.figures')],
  ['health', async (page: Page) => goTo(page, 'health', '.flow')],
  ['rules', async (page: Page) => goTo(page, 'rules?rule=hot', '.slider')],
  ['figures', async (page: Page) => goTo(page, 'figures', '.look-first')],
  ['master data', goToMasterData],
  ['work', async (page: Page) => goTo(page, 'work', '.answer')],
] as const;

export async function goTo(page: Page, hash: string, selector: string): Promise<void> {
  const [base] = page.url().split('#');
  await page.goto(`${base}#/${hash}`);
  await page.locator(selector).first().waitFor();
}

/** What a plant has whose systems were copied and looked at. */
async function goToMasterData(page: Page): Promise<void> {
  const time = '2026-12-01T04:00:00Z';
  const finding = {
    ...{ entity: 'asset', system: 'north-erp', objects: ['4712'], owner: 'maintenance planning' },
    ...{ since: time, of_plant: true, check: 'values_differ' },
    text: 'the criticality of 4712 is A, in north-cmms it is B',
    proposal: 'Take over B in north-erp: north-cmms is the system of record of this field.',
  };
  const held = {
    system: 'north-erp',
    entity: 'asset',
    objects: 1234,
    as_of: time,
    is_record: true,
  };
  const mapping = { entity: 'asset', id: 'p1/l1/press', system: 'north-erp', remote: '4711' };
  const json = {
    findings: [finding, { ...finding, check: 'unmapped_statuses', owner: '', of_plant: false }],
    held: [held, { ...held, system: 'north-cmms', is_record: false }],
    scores: [{ time, objects: 1234, flagged: 2, score: 0.9984 }],
    mappings: [{ ...mapping, from: '1970-01-01', to: null, state: 'in force' }],
  };
  await page.route('**/api/v1/plants/*/master-data', (route) => route.fulfill({ json }));
  const kept = {
    ...{ objective: 'latency', title: 'What is in the log is in the warehouse in time' },
    ...{ target: 99, minutes: 43_200, degraded: 500, budget: 432, spent: 1.1574, held: 3 },
    worst: { begun: time, ended: time, text: 'messages waited for this database' },
  };
  const objectives = { objectives: [kept, { ...kept, objective: 'flow', spent: 0, worst: null }] };
  await page.route('**/api/v1/plants/*/objectives', (route) => route.fulfill({ json: objectives }));
  await goTo(page, 'master-data', '.look-first');
}

/** Ten thousand alarms made of the one that is there. */
async function goToManyAlarms(page: Page): Promise<void> {
  await page.route('**/api/v1/alarms?*', async (route) => {
    const response = await route.fetch();
    const { entries } = (await response.json()) as { entries: object[] };
    const many = Array.from({ length: 10_000 }, (_, at) => ({
      ...entries[0],
      ...{ asset: `machine${at}`, rule: `rule${at % 7}`, reason: `signal ${at} is too high` },
    }));
    await route.fulfill({ response, json: { entries: many, next: null } });
  });
  await goTo(page, 'alarms', '.virtual-row');
  await page.getByText('10000 of 10000').waitFor();
}

/** In `npm test`: what no route test shows. */
export function describeAlarmList(opened: Opened): void {
  test(
    'of ten thousand alarms a few rows are drawn, and a word finds one',
    { timeout: 90_000 },
    () =>
      opened('eva', {}, async (page) => {
        await goToManyAlarms(page);
        expect(await page.locator('.virtual-row').count()).toBeLessThan(60);
        await page.locator('.virtual').focus();
        await page.keyboard.press('End');
        await page.locator('.virtual-chosen[aria-posinset="10000"]').waitFor();
        await page.getByLabel('Search').fill('4711');
        await page.getByText('1 of 10000').waitFor();
        await page.locator('.virtual-row', { hasText: 'signal 4711 is too high' }).click();
        await page.getByRole('link', { name: 'machine4711' }).waitFor();
        expect(page.url()).toContain('q=4711');
        expect(await violationsOf(page)).toEqual([]);
      }),
  );
}

/** Milliseconds from each change to the frame that shows it, in the page: by the wire it would be more than it is. */
async function framesAfter(
  page: Page,
  steps: readonly { readonly set: string; readonly shown: string }[],
): Promise<readonly number[]> {
  const took: number[] = [];
  for (const { set, shown } of steps) {
    took.push(
      await page.evaluate<number>(`new Promise((done) => {
        const began = performance.now();
        ${set};
        const look = () => requestAnimationFrame(() => {
          if (${shown}) setTimeout(() => done(performance.now() - began));
          else look();
        });
        look();
      })`),
    );
  }
  return took;
}

function tellTimes(what: string, took: readonly number[]): void {
  const sorted = took.toSorted((a, b) => a - b).map((each) => Math.round(each));
  const [median, worst] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const load = loadavg()[0]?.toFixed(1);
  console.log(`${what}: median ${median} ms, worst of ${sorted.length} ${worst} ms (load ${load})`);
}

/** How long it takes is told, and no reason to fail: that is of the machine. What is to be seen is. */
function describeAlarmTimes(opened: Opened): void {
  test('ten thousand alarms are filtered and scrolled', { timeout: 120_000 }, () =>
    opened('eva', {}, async (page) => {
      await goToManyAlarms(page);
      const nothing = Array.from({ length: 20 }, () => ({ set: '', shown: 'true' }));
      tellTimes('a frame in which nothing changes', await framesAfter(page, nothing));
      const digits = Array.from({ length: 20 }, (_, at) => String(at % 2 === 0 ? at : 4_711 + at));
      const filtered = digits.map((word) => {
        const of = Array.from({ length: 10_000 }, (_, at) => at);
        const count = of.filter((at) => `machine${at} rule${at % 7}`.includes(word)).length;
        return {
          set: `const box = document.querySelector('input[type=search]'); box.value = '${word}';
            box.dispatchEvent(new Event('input', { bubbles: true }))`,
          shown: `document.querySelector('.filters [role=status]').textContent === '${count} of 10000'`,
        };
      });
      tellTimes('filtering 10,000 alarms', await framesAfter(page, filtered));
      await page.getByLabel('Search').fill('');
      await page.getByText('10000 of 10000').waitFor();
      const scrolled = Array.from({ length: 20 }, (_, at) => ((at * 7_919) % 9_900) + 50).map(
        (row) => ({
          set: `document.querySelector('.virtual').scrollTop = ${row} * 56`,
          shown: `document.querySelector('[aria-posinset="${row + 1}"]') !== null`,
        }),
      );
      tellTimes('scrolling 10,000 alarms', await framesAfter(page, scrolled));
    }),
  );
}

export function describeMorePages(opened: Opened): void {
  describe('what one does there', () => {
    describeAlarmTimes(opened);

    test(
      'alarms are marked and acknowledged together, and taken out of service',
      { timeout: 120_000 },
      () =>
        opened('eva', {}, async (page) => {
          await goTo(page, 'alarms?state=all', '.virtual-row');
          const row = page.locator('.virtual-row').first();
          await row.locator('.virtual-box').click();
          await page.getByRole('button', { name: 'Acknowledge the marked' }).click();
          await page.getByText(/acknowledged, .* needed none/).waitFor();
          await row.click();
          const details = page.locator('.alarm-details');
          await details.getByRole('button', { name: 'Take out of service' }).click();
          const dialog = page.getByRole('dialog');
          await dialog.getByLabel('Why?').fill('the sensor is broken');
          await dialog.getByRole('button', { name: 'Send' }).click();
          await goTo(page, 'alarms?view=silenced', 'tbody tr');
          await page.getByText('out of service: the sensor is broken').waitFor();
          await page.getByRole('button', { name: 'End it' }).click();
          await page
            .getByText('out of service: the sensor is broken')
            .waitFor({ state: 'detached' });
        }),
    );

    test('a slider shows what another limit would have raised', { timeout: 90_000 }, () =>
      opened('eva', {}, async (page) => {
        await goTo(page, 'rules?rule=hot', '.slider');
        const alarms = page.locator('.facts-row dd').first();
        expect(await alarms.textContent()).toBe('1');
        await page.locator('.slider').focus();
        await page.keyboard.press('End');
        await until(
          'no alarm above all that came',
          20_000,
          async () => (await alarms.textContent()) === '0',
        );
      }),
    );

    test('figures and spectra are taken away as tables', { timeout: 90_000 }, () =>
      opened('eva', {}, async (page) => {
        const saved = async () => {
          const download = page.waitForEvent('download');
          await page.getByRole('button', { name: 'As a table (CSV)' }).first().click();
          return readFile(await (await download).path(), 'utf8');
        };
        await goTo(page, 'figures', '.look-first');
        await page.getByRole('heading', { name: 'By definition' }).waitFor();
        await page.getByText('Decision latency').first().waitFor();
        expect(await saved()).toMatch(/^\ufeffmonth,running_hours,.*\r\n\d{4}-\d\d,\d/);
        await goTo(page, 'machine/p1/l1/press', '.vibration .chart canvas');
        expect(await saved()).toMatch(/^\ufeffHz,mm\/s\n0,0\n/);
      }),
    );

    test(
      'health says what left the main way, with its originals, and who may sends again',
      { timeout: 90_000 },
      () =>
        opened('eva', {}, async (page) => {
          await goTo(page, 'health', '.flow');
          await page.getByText('the plant model has no asset p1/l1/').first().waitFor();
          await opened('vic', {}, async (other) => {
            expect(await other.getByRole('link', { name: 'Health' }).count()).toBe(0);
          });
        }),
    );

    test('an exception is taken, and says by whom', { timeout: 90_000 }, () =>
      opened('eva', {}, async (page) => {
        await goTo(page, 'health', 'section[aria-labelledby=exceptions] tbody tr');
        const rows = page.locator('section[aria-labelledby=exceptions] tbody tr');
        await rows.first().getByRole('button', { name: 'Take', exact: true }).click();
        await rows.filter({ hasText: 'taken · you' }).first().waitFor();
        expect(await violationsOf(page)).toEqual([]);
        await rows
          .filter({ hasText: 'taken · you' })
          .getByRole('button', { name: 'Waive' })
          .click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('Why?').fill('a machine of another plant');
        await dialog.getByRole('button', { name: 'Send' }).click();
        await page.getByLabel('State').selectOption({ label: 'waived (1)' });
        await page.getByText('a machine of another plant').waitFor();
        await goTo(page, 'alarms?view=silenced', '#waived');
        await page.getByText('a machine of another plant').waitFor();
        await goTo(page, 'health', 'section[aria-labelledby=exceptions] tbody tr');
        await rows.first().getByRole('button', { name: 'Give to …' }).click();
        await dialog.getByLabel('To whom?').selectOption({ label: 'ina' });
        await dialog.getByRole('button', { name: 'Send' }).click();
        await rows.filter({ hasText: 'taken · ina' }).first().waitFor();
      }),
    );

    test('a rule is paused with a reason, and goes on', { timeout: 90_000 }, () =>
      opened('eva', {}, async (page) => {
        await goTo(page, 'rules', '#detector');
        const row = page.locator('section[aria-labelledby=detector] tbody tr').first();
        await row.getByRole('button', { name: 'Pause' }).click();
        const dialog = page.getByRole('dialog');
        expect(await violationsOf(page)).toEqual([]);
        await dialog.getByLabel('Why?').fill('it is being tuned');
        await dialog.getByRole('button', { name: 'Send' }).click();
        await row.getByText(/Paused at \d+ machines until/).waitFor();
        await row.getByRole('button', { name: 'End the pause' }).click();
        await row.getByRole('button', { name: 'Pause' }).waitFor();
      }),
    );

    test('what a workflow asks is decided where its request stands', { timeout: 90_000 }, () =>
      opened('eva', {}, async (page) => {
        await goTo(page, 'requests', '.column .card');
        const card = page.locator('.card', { hasText: 'Somebody has to decide' }).first();
        await card.locator('a').click();
        const asked = page.locator('.decisions');
        await asked.getByText(/^Buy a bearing for /).waitFor();
        expect(await violationsOf(page)).toEqual([]);
        await asked.getByLabel('quantity').fill('2');
        await asked.getByRole('button', { name: 'Approve' }).click();
        await asked.waitFor({ state: 'detached' });
        // It is worked out and sent to nobody: the workflow is in shadow.
        await page
          .locator('.moment', { hasText: 'buy' })
          .getByText(/worked out, not sent/)
          .waitFor();
      }),
    );

    test('a list that ends before the requests do says so', { timeout: 60_000 }, () =>
      opened('eva', {}, async (page) => {
        await page.route('**/api/v1/requests?*', async (route) => {
          const response = await route.fetch();
          const { entries } = (await response.json()) as { entries: object[] };
          await route.fulfill({ response, json: { entries, next: 'more' } });
        });
        for (const [hash, count] of [['work', 200] as const, ['requests', 500] as const]) {
          await goTo(page, hash, `text=Only the newest ${count} are shown.`);
        }
      }),
    );

    test(
      'work on a telephone: evidence, an answer, and the page without a network',
      { timeout: 120_000 },
      () =>
        opened('eva', { screen: TELEPHONE }, async (page) => {
          await goTo(page, 'work', '.answer');
          expect(await overhangOf(page)).toBeLessThanOrEqual(0);
          await page.getByRole('button', { name: 'Yes, it was right' }).first().click();
          await page.getByText('Thank you. The rules learn from it.').waitFor();
          // What the browser keeps is there once the page was loaded with it.
          await page.evaluate('navigator.serviceWorker.ready');
          await page.reload();
          await page.locator('.answer').first().waitFor();
          await page.context().setOffline(true);
          await page.reload();
          await page.locator('#page > *').first().waitFor();
          await page.context().setOffline(false);
          await page.locator('.answer').first().waitFor();
        }),
    );
  });
}
