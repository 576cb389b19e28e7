import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FileProblem } from '../../../pipelines/base/yaml-file.ts';
import { checksFor, readPlantFile, readRulesFile } from '../../../pipelines/rules/rules.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const folder = temporaryDirectory();

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The mistakes of a file without its folder. */
async function mistakes(read: Promise<unknown>): Promise<readonly string[]> {
  try {
    await read;
    return [];
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    return error.mistakes.map((mistake) => mistake.replaceAll(`${folder}/`, ''));
  }
}

describe('a plant file', () => {
  test('that is right gives each plant as it is written and as it is understood', async () => {
    const path = file(
      'right.yaml',
      'plants:\n  - id: a\n    lines:\n      - { id: l, assets: [{ id: m, disorder: 5s }] }\n  - id: b\n',
    );
    const [a, b] = await readPlantFile(path);
    expect(a?.raw).toEqual({
      id: 'a',
      lines: [{ id: 'l', assets: [{ id: 'm', disorder: '5s' }] }],
    });
    expect(a?.model.lines[0]?.assets[0]?.disorder).toBe(5_000_000);
    expect(b?.model).toMatchObject({ id: 'b', time_zone: 'UTC' });
  });

  test('that is wrong is refused with everything that is wrong, each with its line and column', async () => {
    const path = file(
      'wrong.yaml',
      `plants:
  - id: plant a
    lines:
      - id: l1
        assets:
          - id: m1
            colour: red
            disorder: 5 parsecs
            points: [{ id: p, unit: furlong }]
          - id: m1
            criticality: D
`,
    );
    expect(await mistakes(readPlantFile(path))).toEqual([
      'wrong.yaml:2:9: plants.0.id: expected letters, digits, _ and - only, found plant a',
      'wrong.yaml:7:13: plants.0.lines.0.assets.0.colour: expected no field colour here, found red',
      'wrong.yaml:8:23: plants.0.lines.0.assets.0.disorder: expected a duration such as 250ms, 2s or 1h30m, found 5 parsecs',
      'wrong.yaml:9:37: plants.0.lines.0.assets.0.points.0.unit: expected g, m/s2, mm/s2, mm/s, m/s, um, mm, found furlong',
      'wrong.yaml:10:17: plants.0.lines.0.assets.1.id: expected each id once, found m1',
      'wrong.yaml:11:26: plants.0.lines.0.assets.1.criticality: expected A, B, C, found D',
    ]);
  });

  test('with a time zone that nobody knows is refused', async () => {
    const path = file('zone.yaml', 'plants: [{ id: a, time_zone: Europe/Wien }]\n');
    expect(await mistakes(readPlantFile(path))).toEqual([
      'zone.yaml:1:30: plants.0.time_zone: expected a time zone such as Europe/Vienna, found Europe/Wien',
    ]);
  });

  test('that is no YAML is refused where it stops to be', async () => {
    const path = file('broken.yaml', 'plants:\n  - id: a\n   lines: []\n');
    expect((await mistakes(readPlantFile(path)))[0]).toMatch(/^broken\.yaml:3:\d+: /);
  });

  test('that is empty, or not there, is refused', async () => {
    const empty = await mistakes(readPlantFile(file('empty.yaml', '')));
    expect(empty).toEqual(['empty.yaml:1:1: expected a map, found nothing']);
    await expect(readPlantFile(join(folder, 'none.yaml'))).rejects.toThrow(
      /none\.yaml: expected a file that can be read, found none of this name/,
    );
  });
});

describe('a rules file', () => {
  test('is checked against the plants that it is for: limits that are attributes', async () => {
    const plants = await readPlantFile(
      file(
        'attributes.yaml',
        `plants:
  - id: p
    lines:
      - id: l
        assets:
          - { id: a, signals: { heat: {} }, attributes: { most: 80 } }
          - { id: b, signals: { heat: {} } }
`,
      ),
    );
    const rules = (bound: string) =>
      file(
        'attribute-rules.yaml',
        `detectors:\n  - { id: hot, kind: limit, signal: heat, above: ${bound} }\n`,
      );
    const read = (bound: string) => mistakes(readRulesFile(rules(bound), checksFor(plants)));
    expect(await read('{ attribute: most }')).toEqual([
      'attribute-rules.yaml:2:63: detectors.0.above.attribute: expected an attribute "most" in the plant model, or a default; p/l/b have neither',
    ]);
    expect(await read('{ attribute: most, default: 90 }')).toEqual([]);
  });

  test('that is wrong is refused with everything that is wrong', async () => {
    const path = file(
      'rules.yaml',
      `time: { disorder: 2s, idel: 10s }
windows:
  - { id: w, kind: tumbling, size: 0s }
  - { id: w, kind: tumblink, size: 1m }
detectors:
  - id: d
    kind: limit
    signal: x
    clear: { deadband: 5 %, after: 3 }
triggers:
  - { id: t, request: { kind: rapair } }
`,
    );
    expect(await mistakes(readRulesFile(path))).toEqual([
      'rules.yaml:1:23: time.idel: expected no field idel here, found 10s',
      'rules.yaml:3:36: windows.0.size: expected more than 0s, found 0s',
      'rules.yaml:4:11: windows.1.id: expected each id once, found w',
      'rules.yaml:4:20: windows.1.kind: expected tumbling, hopping, calendar, session, count, found tumblink',
      'rules.yaml:9:24: detectors.0.clear.deadband: expected a number or a percentage such as 5%, found 5 %',
      'rules.yaml:9:36: detectors.0.clear.after: expected a duration such as 250ms, 2s or 1h30m, found 3',
      'rules.yaml:11:5: triggers.0.on: expected a text, found nothing',
      'rules.yaml:11:31: triggers.0.request.kind: expected inspection, repair, replacement, calibration, found rapair',
    ]);
  });

  test('whose names lead nowhere is refused with the names that there are', async () => {
    const path = file(
      'names.yaml',
      `windows: [{ id: minute, kind: tumbling, size: 1m }]
detectors:
  - { id: hot, kind: limit, signal: t, above: 9, window: hour }
patterns:
  - { id: hot, pattern: [{ name: a, where: 'true' }], raise: {} }
triggers:
  - { id: t, on: cold, request: {} }
`,
    );
    expect(await mistakes(readRulesFile(path))).toEqual([
      'names.yaml:3:58: detectors.0.window: expected the id of a window rule (there are: minute), found "hour"',
      'names.yaml:5:11: patterns.0.id: expected an id that no detector has: triggers name both, found hot',
      'names.yaml:7:18: triggers.0.on: expected the id of a pattern or detector (hot), found "cold"',
    ]);
  });

  test('whose conditions do not compile is refused at the condition', async () => {
    const path = file(
      'more.yaml',
      "patterns:\n  - { id: p, pattern: [{ name: a, where: '1 +' }], raise: {} }\n",
    );
    const [mistake] = await mistakes(readRulesFile(path));
    expect(mistake).toMatch(/^more\.yaml:2:42: patterns\.0\.pattern\.0\.where: /);
    const check = () => [{ path: ['patterns', 0], message: 'expected something else' }];
    expect(await mistakes(readRulesFile(path, { refused: [check], warned: [] }))).toEqual([
      'more.yaml:2:5: patterns.0: expected something else',
    ]);
  });

  test('that is right but unwise is taken, with a warning and its place', async () => {
    const path = file(
      'unwise.yaml',
      "patterns:\n  - id: p\n    pattern:\n      - { name: a, times: 2+, where: 'level > 1' }\n",
    );
    const { warnings } = await readRulesFile(path);
    expect(warnings).toEqual([
      {
        where: `${path}:4:9`,
        path: 'patterns.0.pattern.0',
        message: expect.stringMatching(/held back.*Give the pattern a within/),
      },
    ]);
  });

  test('whose windows leave readings out is taken, with a warning; with panes for each reading it is refused', async () => {
    const rule = (hop: string) =>
      file('hops.yaml', `windows:\n  - { id: w, kind: hopping, size: 10s, hop: ${hop} }\n`);
    const { warnings } = await readRulesFile(rule('12s'));
    expect(warnings.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'windows.0.hop: the hop is longer than the size: readings of 2s between two windows are in none. Write a hop of at most 10s if that is not meant',
    ]);
    expect(await mistakes(readRulesFile(rule('3001ms')))).toEqual([
      'hops.yaml:2:45: windows.0.hop: expected a hop that divides the size, such as 5s: windows of 10s every 3s1ms would be made of 10000 panes of 1ms, more than 1440, found 3001ms',
    ]);
  });

  test('that says nothing means the defaults', async () => {
    const { raw, rules } = await readRulesFile(file('none.yaml', '# nothing yet\n'));
    expect(raw).toEqual({});
    expect(rules.time.disorder).toBe(2_000_000);
  });
});
