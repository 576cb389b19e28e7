import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConsoleStand, startConsoleStand } from '../pipelines/console/console-stand.ts';
import { PASSWORD } from '../pipelines/console/password.ts';
import { rowsOf } from '../stand/landed.ts';
import { until } from '../stand/stand.ts';
import {
  DESK,
  NO_BROWSER,
  overhangOf,
  startBrowser,
  TELEPHONE,
  type Visit,
  violationsOf,
  visit,
} from './browser.ts';
import { describeAlarmList, describeMorePages, MORE_PLACES, type Opened } from './more-pages.ts';
import { describeWordsPages } from './words-pages.ts';

/** `npm run test:web`; in `npm test` the page is opened once, and one act is done. */
const LONG = process.env.ANDON_WEB === 'long';

let plant: ConsoleStand;
let browser: Browser;
let url = '';

describe.skipIf(NO_BROWSER !== undefined)(
  `the page, in a browser (${NO_BROWSER ?? 'chromium'})`,
  () => {
    beforeAll(async () => {
      plant = await startConsoleStand();
      await plant.accounts.put('ada', PASSWORD, [{ role: 'administrator' }]);
      url = plant.stand.console.url;
      browser = await startBrowser();
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      await plant?.stop();
    });

    async function opened(visiting: Promise<Visit>, run: (page: Page) => Promise<void>) {
      const { page, errors, close } = await visiting;
      try {
        await run(page);
        expect(errors).toEqual([]);
      } finally {
        await close();
      }
    }

    const openedBy: Opened = (name, options, run) =>
      opened(visit(browser, url, name, options), run);
    const machine = async (page: Page) => {
      // Which machine is first changes with what other tests do.
      await page.locator('a[href*="/machine/p1/l1/press"]').first().click();
      await page.getByRole('heading', { name: 'press', level: 1 }).waitFor();
      await page.locator('.alarm').first().waitFor();
      await page.locator('.chart canvas').first().waitFor();
    };
    const requests = async (page: Page) => {
      await page.getByRole('link', { name: 'Requests', exact: true }).click();
      await page.locator('.column .card').first().waitFor();
    };
    const request = async (page: Page) => {
      await requests(page);
      await page.locator('.column .card a').first().click();
      await page.locator('.moment').first().waitFor();
    };

    test(
      'says which machine first, why, and what is done; and one acknowledges by keyboard',
      { timeout: 90_000 },
      () =>
        opened(visit(browser, url, 'eva'), async (page) => {
          const [first] = await page.locator('.look-first tbody tr').allInnerTexts();
          expect(first).toContain('press');
          expect(first).toContain('temperature is 95');
          expect(first).toContain('asked for');
          expect(await violationsOf(page)).toEqual([]);
          await machine(page);
          const acknowledge = page
            .locator('.alarm', { hasText: 'temperature is 95' })
            .getByRole('button', { name: 'Acknowledge' });
          await acknowledge.focus();
          await page.keyboard.press('Enter');
          await page.getByText('Done. It is in the log.').waitFor();
          // By itself, without anybody loading the page again: the change comes over the stream.
          await acknowledge.waitFor({ state: 'detached' });
          const acts = await rowsOf<{ type: string }>(
            plant.stand,
            "SELECT type FROM {db}.machine_events FINAL WHERE kind = 'act' AND via = 'console'",
          );
          expect(acts).toEqual([{ type: 'acknowledged' }]);
        }),
    );

    describeAlarmList(openedBy);

    describe.skipIf(!LONG)('long: npm run test:web', () => {
      const places = [
        ['plant', async () => undefined],
        ['machine', machine],
        ['requests', requests],
        ['request', request],
        ...MORE_PLACES,
      ] as const;
      const screens = [
        ['a desk', { screen: DESK }],
        ['a desk, dark', { screen: DESK, dark: true }],
        ['a telephone', { screen: TELEPHONE }],
        ['a telephone, dark', { screen: TELEPHONE, dark: true }],
      ] as const;

      describe.each(screens)('on %s', (_screen, options) => {
        test.each(places)('%s fits, and axe finds nothing', { timeout: 120_000 }, (_place, go) =>
          opened(visit(browser, url, 'eva', options), async (page) => {
            await go(page);
            expect(await overhangOf(page)).toBeLessThanOrEqual(0);
            expect(await violationsOf(page)).toEqual([]);
          }),
        );
      });

      test(
        'it speaks German where the browser does, and what one chooses is kept',
        { timeout: 90_000 },
        () =>
          opened(visit(browser, url, 'eva', { language: 'de-DE' }), async (page) => {
            await page.getByRole('heading', { name: 'Hier zuerst' }).waitFor();
            await page.locator('.person summary').click();
            await page.getByLabel('Sprache').selectOption('en');
            await page.getByRole('heading', { name: 'Look here first' }).waitFor();
            await page.reload();
            await page.getByRole('heading', { name: 'Look here first' }).waitFor();
            expect(await page.locator('html').getAttribute('lang')).toBe('en');
          }),
      );

      describeMorePages(openedBy);
      describeWordsPages(openedBy);

      test('who may not act has no buttons for it', { timeout: 90_000 }, async () => {
        await opened(visit(browser, url, 'vic'), async (page) => {
          expect(await page.locator('.tile').count()).toBe(2);
          await machine(page);
          expect(await page.locator('.alarm button').count()).toBe(0);
          expect(await page.getByRole('button', { name: 'Report a problem' }).count()).toBe(0);
        });
        await opened(visit(browser, url, 'olga'), async (page) => {
          expect(await page.locator('.tile').count()).toBe(3);
          await machine(page);
          expect(
            await page.getByRole('button', { name: 'Shelve', exact: true }).count(),
          ).toBeGreaterThan(0);
        });
      });

      test('shelving and reporting by their dialogs', { timeout: 120_000 }, () =>
        opened(visit(browser, url, 'eva'), async (page) => {
          await machine(page);
          const alarm = page.locator('.alarm', { hasText: 'temperature is 95' });
          await alarm.getByRole('button', { name: 'Shelve', exact: true }).click();
          const dialog = page.getByRole('dialog');
          expect(await violationsOf(page)).toEqual([]);
          await dialog.getByLabel('Why?').fill('sensor is being changed');
          await dialog.getByRole('button', { name: 'Send' }).click();
          await alarm.getByText('shelved (sensor is being changed)').waitFor();
          await alarm.getByRole('button', { name: 'End shelving' }).click();
          await alarm.getByRole('button', { name: 'Shelve', exact: true }).waitFor();
          await alarm.getByRole('button', { name: 'It was right' }).click();
          await page.getByRole('button', { name: 'Report a problem' }).click();
          await dialog.getByLabel('What did you see').fill('It smells of burnt rubber');
          await dialog.getByRole('button', { name: 'Send' }).click();
          await page.getByRole('link', { name: 'It smells of burnt rubber' }).waitFor();
        }),
      );

      test('the address restores the view, and a dead address says so', { timeout: 90_000 }, () =>
        opened(visit(browser, url, 'eva'), async (page) => {
          await page.goto(`${url}/#/machine/p1/l1/press?hours=8`);
          await page.locator('.chart canvas').first().waitFor();
          expect(await page.getByLabel('8 hours').isChecked()).toBe(true);
          await page.goto(`${url}/#/requests?line=p1%2Fl2`);
          await page.getByText('No request.').waitFor();
          for (const dead of ['requests/none', 'plant/none', 'machine/p1', '%E0%A4%A', 'none']) {
            await page.goto(`${url}/#/requests?line=p1%2Fl2`);
            await page.getByText('No request.').waitFor();
            await page.goto(`${url}/#/${dead}`);
            await page.getByText('There is nothing here.').waitFor();
          }
          await page.getByRole('link', { name: 'To the plant' }).click();
          await page.locator('.tile').first().waitFor();
        }),
      );

      test(
        'ten tabs are one connection, and all of them hear what changes',
        { timeout: 180_000 },
        () =>
          opened(visit(browser, url, 'eva'), async (page) => {
            const tabs = [page];
            while (tabs.length < 10) {
              const tab = await page.context().newPage();
              await tab.goto(`${url}/`);
              await tab.locator('.tile').first().waitFor();
              tabs.push(tab);
            }
            const time = Date.now();
            await plant.send('event.p1.l1.pump', { time, type: 'state', data: { state: 'HELD' } });
            for (const tab of tabs) await tab.locator('.tile', { hasText: 'Held' }).waitFor();
          }),
      );

      test(
        'it goes on by itself when the console, and nats-server, were killed',
        { timeout: 240_000 },
        () =>
          opened(visit(browser, url, 'eva'), async (page) => {
            await page.locator('.connection-on').waitFor();
            await plant.stand.console.kill();
            await page.locator('.connection-late').waitFor();
            await plant.stand.console.start();
            await page.locator('.connection-on').waitFor();
            await plant.stand.nats.kill();
            await plant.stand.nats.start();
            const stopped = { time: Date.now(), type: 'state', data: { state: 'STOPPED' } };
            await until('the log to take a message again', 60_000, () =>
              plant.send('event.p1.l1.pump', stopped).then(
                () => true,
                () => false,
              ),
            );
            await page.locator('.tile', { hasText: 'Stopped' }).waitFor({ timeout: 90_000 });
          }),
      );
    });
  },
);
