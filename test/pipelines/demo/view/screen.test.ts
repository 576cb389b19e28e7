import { describe, expect, test } from 'vitest';
import { ansi } from '../../../../pipelines/demo/view/ansi.ts';
import { widthOf } from '../../../../pipelines/demo/view/lines.ts';
import { createPlain } from '../../../../pipelines/demo/view/live.ts';
import { picture } from '../../../../pipelines/demo/view/picture.ts';
import { screen } from '../../../../pipelines/demo/view/screen.ts';
import type { DemoView } from '../../../../pipelines/demo/view/view.ts';
import { VIEW } from './example-view.ts';

const textOf = (view: DemoView, columns: number, rows: number) =>
  screen(view, { columns, rows })
    .map((line) => ansi(line, false))
    .join('\n');

// To write the golden screens anew: npx vitest run --project unit test/pipelines/demo/view -u
test.each([
  [108, 40],
  [60, 44],
])('the screen of %i columns and %i rows is the golden one', async (columns, rows) => {
  const file = `../../../golden/demo/screen-${columns}x${rows}.txt`;
  await expect(`${textOf(VIEW, columns, rows)}\n`).toMatchFileSnapshot(file);
});

describe('whatever the terminal', () => {
  const sizes = [
    [200, 60],
    [100, 30],
    [80, 24],
    [60, 15],
    [40, 10],
    [20, 5],
    [1, 1],
  ] as const;
  test.each(sizes)('a screen fits into %i columns and %i rows', (columns, rows) => {
    const lines = screen(VIEW, { columns, rows });
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
  });

  test.each(sizes.slice(0, 3))(
    '%i × %i has the newest request and where to look',
    (columns, rows) => {
      const text = textOf(VIEW, columns, rows);
      expect(text).toContain('outer race damage');
      expect(text).toContain('Look for yourself');
    },
  );
});

test('colours are left out where nobody wants them, and the text is the same', () => {
  const lines = screen(VIEW, { columns: 100, rows: 40 });
  const [plain, coloured] = [false, true].map((colours) =>
    lines.map((line) => ansi(line, colours)).join('\n'),
  );
  expect(plain).not.toContain('\u001b');
  expect(coloured).toContain('\u001b[');
  const bare = coloured?.split('\u001b').map((part) => part.replace(/^\[[\d;]*m/, ''));
  expect(bare?.join('').replaceAll(/ +$/gm, '')).toBe(plain);
});

test('a plant that is held up says so, and shows its true speed', () => {
  const lag = { messages: 90_000, seconds: 800, held: true };
  const text = textOf({ ...VIEW, actual: 61.3, lag }, 108, 40);
  expect(text).toContain('61× of 120×');
  expect(text).toContain('90,000 messages behind: the plant waits');
});

test('before anything is there the screen says what is waited for', () => {
  const view: DemoView = { ...VIEW, phase: 'starting', waiting: 'starting the worker', lines: [] };
  expect(textOf(view, 80, 24)).toContain('starting the worker');
});

test('a picture shows every word of the screen, and is well-formed', () => {
  const lines = screen(VIEW, { columns: 108, rows: 40 });
  const svg = picture(lines, 108, 'a <demo & more');
  expect(svg).toContain('a &#60;demo &#38; more');
  expect(svg).toContain('outer race damage');
  const open = [...svg.matchAll(/<text /g)].length;
  expect([...svg.matchAll(/<\/text>/g)]).toHaveLength(open);
});

describe('into a pipe', () => {
  test('each finding and each revision is said once', () => {
    const plain = createPlain();
    const first = plain(VIEW);
    expect(first.filter((line) => line.includes('anomaly'))).toHaveLength(2);
    expect(first.filter((line) => line.includes(' request '))).toHaveLength(3);
    expect(plain(VIEW)).toEqual([]);
  });

  test('how far it is, is said every five seconds', () => {
    const plain = createPlain();
    plain(VIEW);
    const later = [1, 2, 3, 4, 5, 6, 7].map((second) =>
      plain({ ...VIEW, elapsed: VIEW.elapsed + second }),
    );
    expect(later.flat()).toHaveLength(1);
  });
});
