/** A real browser for tests of the page, where this machine has one. */

import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { PASSWORD } from '../pipelines/console/password.ts';

const PLACES = [process.env.CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];
const found = PLACES.find((path) => path !== '' && existsSync(path));
/** Why tests are skipped; undefined where there is a browser. */
export const NO_BROWSER =
  found === undefined ? 'no chromium (apt-get install chromium, or CHROMIUM names one)' : undefined;

export function startBrowser(): Promise<Browser> {
  // A container has no user namespaces for the browser's own sandbox; the page is our own.
  return chromium.launch({ executablePath: found ?? '', args: ['--no-sandbox'] });
}

export type Screen = { readonly width: number; readonly height: number };
export const DESK: Screen = { width: 1440, height: 900 };
export const TELEPHONE: Screen = { width: 390, height: 844 };

export type Visit = {
  readonly page: Page;
  /** What the page wrote into the console of the browser as an error, and what it threw. */
  readonly errors: string[];
  close(): Promise<void>;
};

/** Opens the page on a screen of its own, signed in. */
export async function visit(
  browser: Browser,
  url: string,
  name: string,
  options: {
    readonly screen?: Screen;
    readonly dark?: boolean;
    readonly language?: string;
    readonly password?: string;
  } = {},
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: options.screen ?? DESK,
    colorScheme: options.dark === true ? 'dark' : 'light',
    locale: options.language ?? 'en-GB',
    bypassCSP: false,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // A browser notes every answer that is no good one, also those that the page shows.
    const isAnswer = message.text().includes('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) errors.push(message.text());
  });
  await page.goto(`${url}/`);
  await page.locator('input[name=name]').fill(name);
  await page.locator('input[name=password]').fill(options.password ?? PASSWORD);
  await page.locator('form button[type=submit]').click();
  await page.locator('.tile').first().waitFor();
  return { page, errors, close: () => context.close() };
}

type AxeResult = {
  violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
};

/** What axe finds against WCAG 2.2 AA, one sentence each. By evaluation: the policy of the page lets no script in. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async (): Promise<AxeResult> => {
    const { axe: inPage } = globalThis as unknown as {
      axe: { run(root: unknown, options: object): Promise<AxeResult> };
    };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return inPage.run('html', { runOnly: { type: 'tag', values: tags } });
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}

/** By how many pixels the content is wider than the screen. */
export async function overhangOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth');
}
