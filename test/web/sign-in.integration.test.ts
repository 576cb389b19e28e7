import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SignOnStand, startSignOnStand } from '../pipelines/console/openid-stand.ts';
import { DESK, NO_BROWSER, overhangOf, startBrowser, TELEPHONE, violationsOf } from './browser.ts';

const PEOPLE = {
  mia: { name: 'Mia Brandt', groups: ['press-crew'] },
  tom: { name: 'Tom Okafor', groups: ['canteen'] },
};
/** `npm run test:web`; in `npm test` somebody goes there and back once, and one screen is looked at. */
const LONG = process.env.ANDON_WEB === 'long';
/** A folder for pictures, for whoever wants to look. */
const PICTURES = process.env.ANDON_PICTURES;

let stand: SignOnStand;
let browser: Browser;

describe.skipIf(NO_BROWSER !== undefined)(
  `signing in by a provider, in a browser (${NO_BROWSER ?? 'chromium'})`,
  () => {
    beforeAll(async () => {
      stand = await startSignOnStand({ people: PEOPLE });
      browser = await startBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await stand?.stop();
    });

    async function opened(run: (page: Page) => Promise<void>, options: object = {}) {
      const context = await browser.newContext({ locale: 'en-GB', viewport: DESK, ...options });
      try {
        const page = await context.newPage();
        page.setDefaultTimeout(30_000);
        await page.goto(`${stand.page}/#/machine/p1/l1/press`);
        await run(page);
      } finally {
        await context.close();
      }
    }

    async function throughForms(page: Page, person: string) {
      await page.locator('input[name=login]').fill(person);
      await page.locator('input[name=password]').fill('any');
      await page.locator('button[type=submit]').click();
      await page.getByRole('button', { name: 'Continue' }).click();
    }

    test('there and back to the place that was wanted, and out again', { timeout: 120_000 }, () =>
      opened(async (page) => {
        await page.getByRole('link', { name: 'Sign in with Works SSO' }).click();
        await throughForms(page, 'mia');
        const person = page.locator('.person summary');
        await person.waitFor();
        expect(await person.textContent()).toBe('Mia Brandt');
        expect(page.url()).toBe(`${stand.page}/#/machine/p1/l1/press`);
        await page.reload();
        await person.click();
        await page.getByRole('button', { name: 'Sign out' }).click();
        // At the provider: whether its session ends too.
        await page.getByRole('button', { name: /yes/i }).click();
        await page.getByRole('link', { name: 'Sign in with Works SSO' }).waitFor();
        expect(page.url().startsWith(`${stand.page}/`)).toBe(true);
      }),
    );

    test.skipIf(!LONG)(
      'who has no role reads what is missing; a local account is beside it',
      { timeout: 120_000 },
      () =>
        opened(async (page) => {
          await page.getByRole('link', { name: 'Sign in with Works SSO' }).click();
          await throughForms(page, 'tom');
          const note = page.getByRole('alert');
          await note.waitFor();
          expect(await note.textContent()).toContain('Roles are looked for in: groups.');
          expect(await page.locator('input[name=password]').count()).toBe(1);
          await page.getByRole('link', { name: 'Sign in as somebody else' }).click();
          await throughForms(page, 'mia');
          await page.locator('.person summary').waitFor();
        }),
    );

    const others: readonly [string, object][] = [
      ['desk', { viewport: DESK }],
      ['desk, dark', { viewport: DESK, colorScheme: 'dark' }],
      ['telephone', { viewport: TELEPHONE }],
    ];
    test.each<[string, object]>([
      ['telephone, dark, German', { viewport: TELEPHONE, colorScheme: 'dark', locale: 'de-DE' }],
      ...(LONG ? others : []),
    ])('is fit for all: %s', { timeout: 120_000 }, (name, options) =>
      opened(async (page) => {
        await page.goto(`${stand.page}/#/sign-in/no-role`);
        await page.reload();
        await page.getByRole('alert').waitFor();
        expect(await violationsOf(page)).toEqual([]);
        expect(await overhangOf(page)).toBeLessThanOrEqual(0);
        if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
      }, options),
    );
  },
);
