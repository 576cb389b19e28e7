import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { testRules } from '../../../pipelines/cli/test.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const folder = temporaryDirectory();
const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
afterEach(() => printed.mockClear());

function rulesFile(expect: string, more = ''): string {
  const path = join(folder, 'rules.yaml');
  writeFileSync(
    path,
    `patterns:
  - id: twice
    pattern:
      - { name: up, where: "kind == 'anomaly'" }
      - { name: again, follows: relaxed, where: "kind == 'anomaly' && score > last('up').score" }
    within: 10m
    on_timeout: {}
    examples:
      - name: higher and higher
        events:
          - { at: +0m, anomaly: temperature, score: 1 }
          - { at: +2m30s, anomaly: temperature, score: 2 }
          ${more}
        expect: ${expect}
`,
  );
  return path;
}

async function run(expected: string, more?: string, options = {}) {
  const code = await testRules([rulesFile(expected, more)], options);
  const lines = printed.mock.calls.map(([line]) => String(line).replace(/\([\d.]+ ms\)/, '(t)'));
  return { code, lines: lines.join('\n').replaceAll(`${folder}/`, '').split('\n') };
}

describe('andon test', () => {
  test('says of an example that it came out as expected', async () => {
    expect(await run('[{ up: +0s, again: +2m30s }]')).toEqual({
      code: 0,
      lines: ['rules.yaml', '  ✓ twice: higher and higher (t)', 'one example: all as expected'],
    });
  });

  test('says of one that did not what was expected and what was found, and exits with 1', async () => {
    expect(await run('[{ up: +0s, again: +3m }]')).toEqual({
      code: 1,
      lines: [
        'rules.yaml',
        '  ✗ twice: higher and higher (t)',
        '      expected up +0s, again +3m  ← missing',
        '      found    up +0s, again +2m30s, complete at +2m30s  ← not expected',
        'one example: 1 came out otherwise',
      ],
    });
    const early = await run('[{ up: +0s, again: +9m }]', '- { at: +1h, anomaly: x, score: 0 }');
    expect(early.lines).toContain(
      '      because  1 after up, waiting at again: within 10m was over',
    );
    const none = await run('none');
    expect(none.code).toBe(1);
    expect(none.lines).toContain('      expected nothing');
  });

  test('knows matches whose time ran out, and holds the time of a match to what is said', async () => {
    const timeout = '- { at: +1h, anomaly: temperature, score: 3 }';
    const both = '[{ up: +0s, again: +2m30s, at: +2m30s }, { up: +1h, timed_out: +1h10m }]';
    expect((await run(both, timeout)).code).toBe(0);
    expect((await run(both.replace('1h10m', '1h11m'), timeout)).code).toBe(1);
  });

  test('gives an object a line for programs, and only the patterns that are asked for', async () => {
    const { lines } = await run('none', '', { json: true });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { pattern: 'twice', example: 'higher and higher', passed: false, expected: [], missing: [] },
    ]);
    await expect(run('none', '', { only: ['thrice'] })).rejects.toThrow(
      /expected one of twice, found thrice/,
    );
  });

  test.each([
    ['a stage that is not there', '[{ up: +0s, agin: +1m }]', '', /expected a stage .*: up, again/],
    [
      'a time that is none',
      '[{ up: now }]',
      '',
      /expected a time after the beginning such as \+0s/,
    ],
    ['a field that it cannot have', 'none', '- { at: +3m, anomaly: x, scor: 3 }', /no field scor/],
    [
      'an event that is nothing',
      'none',
      '- { at: +3m, score: 3 }',
      /one of anomaly, event, window/,
    ],
    [
      'a severity that is none',
      'none',
      '- { at: +3m, anomaly: x, severity: 3 }',
      /notice, warning/,
    ],
  ])('refuses an example with %s, and says where', async (_, expected, more, sentence) => {
    await expect(run(expected, more)).rejects.toThrow(sentence);
    await expect(run(expected, more)).rejects.toThrow(/rules\.yaml:\d+:\d+: patterns\.0\.examples/);
  });

  const whole = (expected: string, more = '') => {
    const path = join(folder, 'whole.yaml');
    writeFileSync(
      path,
      `windows: [{ id: minute, kind: tumbling, size: 1m }]
detectors: [{ id: hot, kind: limit, signal: temperature, window: minute, above: 75 }]
triggers: [{ id: look, on: hot, request: { priority: high } }]
examples:
  - name: it gets hot
    readings: [{ from: +0m, to: +10m, temperature: [60, 90] }]
    events: [{ at: +0m, event: state, state: EXECUTE }${more}]
    expect: ${expected}
`,
    );
    return testRules([path], { json: true });
  };

  test('takes readings through the whole pipeline, to requests', async () => {
    expect(await whole('{ anomalies: [hot], incidents: [hot] }')).toBe(0);
    expect(await whole('{ requests: [{ asset: machine, priority: high }] }')).toBe(0);
    expect(await whole('{ requests: [{ priority: low }] }')).toBe(1);
    expect(JSON.parse(String(printed.mock.lastCall?.[0]))).toMatchObject({
      pattern: 'rules',
      missing: ['request priority low'],
      surplus: ['request asset machine, action open, priority high'],
    });
    expect(await whole('{ anomalies: [] }')).toBe(1);
  });

  test('says what became a dead letter, and takes no word of a detector for granted', async () => {
    await whole('{ incidents: [] }', ', { at: +1m, event: request, id: x }');
    expect(JSON.parse(String(printed.mock.lastCall?.[0])).why).toEqual([
      expect.stringMatching(/^1 dead letters: malformed, .*request event/),
    ]);
    await expect(whole('{}', ', { at: +1m, anomaly: temperature }')).rejects.toThrow(
      /expected event or schedule/,
    );
  });
});
