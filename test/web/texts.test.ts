import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { differencesOfTexts } from '../support/texts.ts';

type Texts = Readonly<Record<string, string>>;

const FOLDER = fileURLToPath(new URL('../../web/src/text/', import.meta.url));
const pages = readdirSync(join(FOLDER, 'pages'));

/** Texts ask the browser for its language when they are loaded. */
beforeAll(() => {
  vi.stubGlobal('navigator', { language: 'en' });
  vi.stubGlobal('document', { documentElement: { dataset: {} } });
  vi.stubGlobal('matchMedia', () => ({ addEventListener: () => undefined }));
});
afterAll(() => {
  vi.unstubAllGlobals();
});

test('a difference is told: what is missing, empty, or has other values', () => {
  expect(differencesOfTexts({ a: 'a {x}', b: 'b', c: 'c' }, { a: 'a {y}', b: ' ' })).toEqual([
    'a has {x}, and {y}',
    'b says nothing',
    'c is missing',
  ]);
});

describe('what the page says, it says in both languages, with the same values', () => {
  test('everywhere', async () => {
    const { EN } = (await import(join(FOLDER, 'en.ts'))) as { EN: Texts };
    const { DE } = (await import(join(FOLDER, 'de.ts'))) as { DE: Texts };
    expect(Object.keys(EN).length).toBeGreaterThan(100);
    expect(differencesOfTexts(EN, DE)).toEqual([]);
  });

  test.each(pages)('%s', async (file) => {
    type Page = { say: ((key: string) => string) & { texts: { en: Texts; de: Texts } } };
    const { say } = (await import(join(FOLDER, 'pages', file))) as Page;
    const { en, de } = say.texts;
    expect(Object.keys(en).length).toBeGreaterThan(0);
    expect(differencesOfTexts(en, de)).toEqual([]);
    for (const key of Object.keys(en)) expect(say(key)).toBe(en[key]?.replace(/\{\w+\}/g, ''));
  });
});

test('what looks like a time in a typed sentence and is none stays as it was typed', async () => {
  type Page = { onPlantClock: (sentence: string, zone: string) => string };
  const { onPlantClock } = (await import(join(FOLDER, 'text.ts'))) as Page;
  expect(onPlantClock('due 2026-99-99T99:99Z, seen 2026-03-02T06:00Z', 'Europe/Berlin')).toBe(
    'due 2026-99-99T99:99Z, seen Mar 2, 07:00',
  );
});
