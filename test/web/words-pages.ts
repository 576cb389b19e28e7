/** Reports, photos, comments, patterns, checks and the audit stream, as a part of page.integration.test.ts. */

import { readFile } from 'node:fs/promises';
import type { Page, Route } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { overhangOf, TELEPHONE, violationsOf } from './browser.ts';
import { goTo, type Opened } from './more-pages.ts';

/** One pixel, which the page draws anew. */
const PHOTO = {
  name: 'leak.png',
  mimeType: 'image/png',
  buffer: Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
};

/** A match as the API gives it, for a page that shows more than the stand has. */
const MATCH = {
  ...{ rule: 'wear', start: '2026-12-01T06:00:00Z', end: '2026-12-01T06:00:40Z' },
  ...{ time: '2026-12-01T06:01:30Z', within: 90_000, timed_out: false },
  stages: [
    {
      ...{ name: 'rise', where: "signal == 'vibration'", absent: false, within_previous: null },
      taken: 2,
      events: [0, 12].map((second) => ({
        time: new Date(Date.UTC(2026, 11, 1, 6, 0, second)).toISOString(),
        ...{ kind: 'anomaly', about: `a${second}`, text: 'warning: vibration is 9 mm/s' },
      })),
    },
    {
      ...{ name: 'hot', where: "signal == 'temperature'", absent: false, within_previous: 60_000 },
      taken: 1,
      events: [
        {
          ...{ time: '2026-12-01T06:00:40Z', kind: 'anomaly', about: 'b' },
          text: 'alarm: temperature is 95 °C',
        },
      ],
    },
    {
      ...{ name: 'seen', where: "type == 'acknowledged'", absent: true, within_previous: null },
      ...{ taken: 0, events: [] },
    },
  ],
};

const refused = (status: number, type: string) =>
  JSON.stringify({ type: `/problems/${type}`, title: type, status, detail: `it is ${type}` });
const [NO_PHOTOS, BROKEN] = [refused(503, 'photos-missed'), refused(500, 'broken')];

async function report(page: Page, text: string): Promise<void> {
  await page.getByRole('button', { name: 'Report a problem' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What did you see, hear or smell?').fill(text);
  await dialog.getByLabel('Photo (if it helps)').setInputFiles(PHOTO);
  await dialog.getByAltText('The photo that goes with it').waitFor();
  expect(await violationsOf(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Send' }).click();
  await dialog.waitFor({ state: 'detached' });
}

export function describeWordsPages(opened: Opened): void {
  describe('what one writes there', () => {
    test(
      'a report with a photo is kept without a network, and sent by itself when there is one',
      {
        timeout: 120_000,
      },
      () =>
        opened('eva', { screen: TELEPHONE }, async (page) => {
          await goTo(page, 'work', '.answer');
          await page.context().setOffline(true);
          const text = 'Oil drips from the gearbox';
          await report(page, text);
          await page.getByText('There is no network. It is kept in this browser').waitFor();
          const waiting = page.locator('section[aria-labelledby=unsent]');
          await waiting.getByText(text).waitFor();
          expect(await overhangOf(page)).toBeLessThanOrEqual(0);
          expect(await violationsOf(page)).toEqual([]);
          await page.context().setOffline(false);
          await waiting.waitFor({ state: 'detached', timeout: 60_000 });
          await goTo(page, 'requests', '.column .card');
          await page.locator('.card a', { hasText: text }).first().click();
          const photo = page.locator('.story img.photo');
          await photo.waitFor();
          await photo.evaluate('(image) => image.decode()');
          await photo.click();
          await page.getByRole('heading', { name: /^Photo of / }).waitFor();
          expect(await violationsOf(page)).toEqual([]);
        }),
    );

    test(
      'a report does not wait for a photo that is not kept, and says so; what was not taken is sent again',
      { timeout: 120_000 },
      () =>
        opened('eva', { screen: TELEPHONE }, async (page) => {
          await goTo(page, 'work', '.answer');
          const away = (route: Route) =>
            route.fulfill({
              status: 503,
              contentType: 'application/problem+json',
              body: NO_PHOTOS,
            });
          await page.route('**/photos', away);
          await report(page, 'Smoke from the cabinet');
          await page.getByText('Smoke from the cabinet').first().waitFor();
          await page.unroute('**/photos');
          const wrong = (route: Route) =>
            route.fulfill({ status: 500, contentType: 'application/problem+json', body: BROKEN });
          await page.context().setOffline(true);
          await report(page, 'A belt squeals');
          const waiting = page.locator('section[aria-labelledby=unsent]');
          await waiting.getByText('A belt squeals').waitFor();
          await page.route('**/reports', wrong);
          await page.context().setOffline(false);
          await waiting.getByText('Not taken').waitFor({ timeout: 60_000 });
          await page.unroute('**/reports');
          await waiting.getByRole('button', { name: 'Send again' }).click();
          await waiting.waitFor({ state: 'detached', timeout: 60_000 });
          await goTo(page, 'requests', '.column .card');
          for (const text of ['Smoke from the cabinet', 'A belt squeals']) {
            await page.locator('.card a', { hasText: text }).first().waitFor();
          }
          await page.locator('.card a', { hasText: 'Smoke' }).first().click();
          await page.getByText('There was a photo. It could not be kept.').first().waitFor();
        }),
    );

    test('a comment stands in the story by itself, with who wrote it', { timeout: 90_000 }, () =>
      opened('eva', {}, async (page) => {
        await goTo(page, 'requests', '.column .card');
        await page.locator('.column .card a').first().click();
        const form = page.getByRole('form', { name: 'Comment' });
        await form.getByRole('textbox').fill('The seal is on order');
        await form.getByRole('button', { name: 'Add the comment' }).click();
        const comment = page.locator('.moment', { hasText: 'The seal is on order' });
        await comment.getByText('eva').waitFor();
        expect(await violationsOf(page)).toEqual([]);
      }),
    );

    test.each([
      ['a desk', {}],
      ['a telephone', { screen: TELEPHONE, dark: true }],
    ])(
      'a pattern is drawn with the events that it took, on %s',
      { timeout: 90_000 },
      (_on, screen) =>
        opened('eva', screen, async (page) => {
          await page.route(/\/api\/v1\/requests\/\w+$/, async (route) => {
            const response = await route.fetch();
            const detail = (await response.json()) as object;
            await route.fulfill({ response, json: { ...detail, matches: [MATCH] } });
          });
          await goTo(page, 'requests', '.column .card');
          await page.locator('.column .card a').first().click();
          const stages = page.locator('.pattern .stage');
          await stages.nth(2).waitFor();
          expect(await stages.nth(0).getByRole('listitem').count()).toBe(2);
          await stages.nth(1).getByText('at most 1 min after the one before').waitFor();
          await stages.nth(2).getByText('must not come, and did not').waitFor();
          expect(await page.locator('.time-axis circle').count()).toBe(3);
          expect(await overhangOf(page)).toBeLessThanOrEqual(0);
          expect(await violationsOf(page)).toEqual([]);
        }),
    );

    test('rules are checked from the page, and nothing is applied', { timeout: 90_000 }, () =>
      opened('eva', {}, async (page) => {
        await goTo(page, 'rules', 'section[aria-labelledby=check]');
        const section = page.locator('section[aria-labelledby=check]');
        await section.getByRole('button', { name: 'Check', exact: true }).click();
        await section.getByText('Choose a file, or paste rules.').waitFor();
        await section.getByText('or paste the rules').click();
        const text = section.getByLabel('Rules (YAML)');
        await text.fill('detectors:\n  - id: a\n    kind: nonsense\n');
        await section.getByRole('button', { name: 'Check', exact: true }).click();
        await section.getByText('rules, line 3, column 11').waitFor();
        await text.fill('detectors: []\n');
        await section.getByRole('button', { name: 'Check', exact: true }).click();
        await section.getByText('No mistakes.').waitFor();
        await section.getByText('gone:').first().waitFor();
        expect(await violationsOf(page)).toEqual([]);
      }),
    );

    test('figures are taken away as a workbook', { timeout: 90_000 }, () =>
      opened('eva', {}, async (page) => {
        await goTo(page, 'figures', '.look-first');
        const download = page.waitForEvent('download');
        await page.getByRole('button', { name: 'As a workbook (XLSX)' }).click();
        expect((await download).suggestedFilename()).toBe('andon-p1.xlsx');
        const bytes = await readFile(await (await download).path());
        expect(bytes.subarray(0, 4).toString('latin1')).toBe('PK\x03\x04');
        expect(bytes.toString('latin1')).toContain('xl/worksheets/sheet2.xml');
      }),
    );

    test('who did what is a page for administrators alone', { timeout: 90_000 }, async () => {
      await opened('ada', {}, async (page) => {
        await page.getByRole('link', { name: 'Audit' }).click();
        await page.locator('.look-first tbody tr').first().waitFor();
        await page.getByLabel('Act').fill('apply');
        await page.keyboard.press('Enter');
        await page.locator('.look-first tbody tr', { hasText: 'rules.p1' }).first().waitFor();
        expect(await overhangOf(page)).toBeLessThanOrEqual(0);
        expect(await violationsOf(page)).toEqual([]);
      });
      await opened('eva', {}, async (page) => {
        expect(await page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
      });
    });
  });
}
