import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { FileProblem } from '../../../pipelines/base/yaml-file.ts';
import { readPlantAndRules } from '../../../pipelines/rules/rules.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const folder = temporaryDirectory();

const PLANT = `plants:
  - id: p
    shifts: [{ id: early, start: '06:00', end: '14:00' }]
    lines:
      - id: l
        assets:
          - id: m
            class: pump
            signals: { vibration: { unit: mm/s }, speed: { unit: rpm } }
            points: [{ id: de }]
`;

const WINDOWS = 'windows: [{ id: minute, kind: tumbling, size: 1m, quantiles: [0.99] }]\n';

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What a rules file is warned of, as `line path: sentence`. */
async function warnings(text: string, plant = PLANT): Promise<readonly string[]> {
  const { rules } = await readPlantAndRules(
    written('plant.yaml', plant),
    written('rules.yaml', text),
  );
  return rules.warnings.map(({ where, path, message }) => {
    return `${where.split(':').at(-2)} ${path}: ${message}`;
  });
}

const detector = (fields: string) =>
  `${WINDOWS}detectors:\n  - { id: d, kind: limit, signal: vibration, above: 7, ${fields} }\n`;
const pattern = (where: string) =>
  `${detector('raise: { severity: alarm }')}patterns:\n  - { id: q, pattern: [{ name: a, where: "${where}" }] }\n`;

describe('rules that can never speak are warned of', () => {
  test.each([
    [
      'a signal that no asset has',
      `${WINDOWS}detectors:\n  - { id: d, kind: limit, signal: vibraton, above: 7 }\n`,
      '3 detectors.0.signal: expected a signal that the plant model declares, found "vibraton": nothing has a value of that name; did you mean "vibration"?',
    ],
    [
      'a signal of a window that no asset has',
      'windows: [{ id: w, kind: tumbling, size: 1m, signals: [vibration, temp] }]\n',
      '1 windows.0.signals.1: expected a signal that the plant model declares, found "temp": nothing has a value of that name',
    ],
    [
      'a signal that no window is over',
      'detectors:\n  - { id: d, kind: limit, signal: speed, above: 7 }\n',
      '2 detectors.0.signal: expected a window rule over "speed", found none: nothing is evaluated',
    ],
    [
      'a feature that waveforms do not have',
      'detectors:\n  - { id: d, kind: limit, signal: vibration_velocity_rsm, above: 7 }\n',
      '2 detectors.0.signal: expected a feature of waveforms, found "vibration_velocity_rsm": nothing has a value of that name',
    ],
    [
      'a class that no asset has',
      detector('classes: [pumps]'),
      '3 detectors.0.classes.0: expected a class that an asset of the plant model has (there are: pump), found "pumps"; did you mean "pump"?',
    ],
    [
      'an asset that there is not',
      detector('assets: [p/l/n]'),
      '3 detectors.0.assets.0: expected an asset of the plant model as plant/line/asset, found "p/l/n"; did you mean "p/l/m"?',
    ],
    [
      'a quantile that no window keeps',
      detector('of: p95'),
      '3 detectors.0.of: expected a quantile that window rule minute keeps, found p95: write quantiles: [0.95] there',
    ],
    [
      'a state that the standard does not know',
      detector(`while: "state == 'EXECUTING'"`),
      '3 detectors.0.while: state is compared with "EXECUTING", which is never true: expected a PackML state',
    ],
    [
      'a shift that there is not',
      detector(`while: "shift == 'late'"`),
      '3 detectors.0.while: shift is compared with "late", which is never true: expected a shift of the plant model (there are: early)',
    ],
    [
      'a severity of a side without a limit',
      detector('raise: { severity: { above: alarm, below: danger } }'),
      '3 detectors.0.raise.severity.below: this severity is never reached: expected above, which the rule looks for, found "below"',
    ],
    [
      'zones of machines without a class of the standard',
      'detectors:\n  - { id: d, kind: iso20816, signal: vibration_velocity_rms }\n',
      '2 detectors.0.kind: expected an asset with iso (group and support): zones cannot be told without',
    ],
    [
      'a state event of no state',
      'detectors:\n  - { id: d, kind: event, type: state, data: { state: HOLD }, clear: { after: 1h } }\n',
      '2 detectors.0.data.state: expected a PackML state, found "HOLD"; did you mean "HELD"?',
    ],
    [
      'a pattern over a detector that there is not',
      pattern("kind == 'anomaly' && rule == 'e'"),
      '5 patterns.0.pattern.0.where: rule is compared with "e", which is never true: expected the id of a detector or window of these rules (there are: d, minute, flood, regime); did you mean "d"?',
    ],
    [
      'a severity that no detector raises with',
      pattern("kind == 'anomaly' && severity == 'danger'"),
      '5 patterns.0.pattern.0.where: severity is compared with "danger", which is never true: expected a severity that a detector of these rules raises with (there are: alarm)',
    ],
    [
      'a kind of event that there is not',
      pattern("kind == 'anomalie'"),
      '5 patterns.0.pattern.0.where: kind is compared with "anomalie", which is never true: expected a kind of event',
    ],
    [
      'a signal of an anomaly that no detector is about',
      pattern("kind == 'anomaly' && signal == 'speed'"),
      '5 patterns.0.pattern.0.where: signal is compared with "speed", which is never true: expected a signal that a detector is about (there are: vibration)',
    ],
    [
      'a field that the events do not have',
      pattern("kind == 'window' && severity == 'alarm'"),
      '5 patterns.0.pattern.0.where: no event that is read here has the field severity: expected kind "anomaly", found kind "window"',
    ],
    [
      'a class in a pattern, also as what is known of the machine',
      pattern("kind == 'event' && type == 'x' && asset.class == 'fan'"),
      '5 patterns.0.pattern.0.where: class is compared with "fan", which is never true: expected a class that an asset of the plant model has (there are: pump)',
    ],
    [
      'what happens to a schedule entry that cannot',
      pattern("kind == 'schedule' && type in ['begins']"),
      '5 patterns.0.pattern.0.where: type is compared with "begins", which is never true: expected what happens to a schedule entry',
    ],
  ])('%s', async (_, text, expected) => {
    const found = await warnings(text);
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(expected), found[0]).toBe(true);
  });

  test('a source that lags by its disorder beyond hold', async () => {
    const slow = `${PLANT}          - { id: n, disorder: 60s, signals: { speed: {} } }\n`;
    const [found] = await warnings(WINDOWS, slow);
    expect(found).toMatch(
      /time\.hold: p\/l\/n has a disorder of 1m, and so lags by 58s .* found 30s/,
    );
    const held = slow.replace('disorder: 60s', 'disorder: 60s, hold: 1m');
    expect(await warnings(WINDOWS, held)).toEqual([]);
  });
});

test('rules that can speak are not', async () => {
  const text = `${WINDOWS}detectors:
  - { id: d, kind: limit, signal: vib*, of: p99, above: 7, below: 1, raise: { severity: { above: danger } } }
  - { id: v, kind: limit, signal: vibration_bearing_outer_race_2x, above: 4 }
  - { id: e, kind: event, type: jam, clear: { after: 1h } }
patterns:
  - id: q
    pattern:
      - { name: a, where: "kind == 'anomaly' && rule == 'd' && severity in ['danger', 'warning']" }
      - { name: b, follows: relaxed, where: "kind == 'window' && signal == 'speed' && p99 > 3" }
      - { name: c, follows: relaxed, where: "kind == 'event' && type == 'any' && severity == 'odd'" }
      - { name: f, follows: relaxed, where: "kind == 'features' && vibration_velocity_rms > 4" }
    within: 1h
`;
  expect(await warnings(text)).toEqual([]);
});

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
const withPlants = readdirSync(examples).filter((name) => !name.includes('.'));

test.each(['.', ...withPlants])('the rules in examples/%s can speak', async (name) => {
  const files = readdirSync(join(examples, name));
  if (!files.includes('plant.yaml')) return;
  const [plant, rules] = [join(examples, name, 'plant.yaml'), join(examples, name, 'rules.yaml')];
  expect((await readPlantAndRules(plant, rules)).rules.warnings).toEqual([]);
});

describe('what is wrong is told in one pass', () => {
  test('faults of the schema, names that lead nowhere, and rules that cannot speak', async () => {
    const path = written(
      'rules.yaml',
      `windows: [{ id: w, kind: tumbling, size: 0s }]
detectors:
  - { id: d, kind: limit, signal: vibraton, above: 7, window: w }
  - { id: e, kind: limit, signal: speed, above: 7, window: x }
triggers:
  - { id: t, on: gone, request: {} }
  - { id: u, on: d, request: { kind: rapair } }
`,
    );
    const read = readPlantAndRules(written('plant.yaml', PLANT), path);
    const problem = await read.then(undefined, (error: unknown) => error);
    const { message } = problem instanceof FileProblem ? problem : { message: '' };
    expect(message.replaceAll(`${folder}/`, '').split('\n')).toEqual([
      '4 mistakes; nothing was changed:',
      'rules.yaml:1:42: windows.0.size: expected more than 0s, found 0s',
      'rules.yaml:4:60: detectors.1.window: expected the id of a window rule (there are: w), found "x"',
      'rules.yaml:6:18: triggers.0.on: expected the id of a pattern or detector (d, e), found "gone"',
      'rules.yaml:7:38: triggers.1.request.kind: expected inspection, repair, replacement, calibration, found rapair',
      expect.stringMatching(
        /^rules\.yaml:3:35: warning: detectors\.0\.signal: .*did you mean "vibration"/,
      ),
    ]);
  });

  test('a broken plant model hides nothing of the rules', async () => {
    const plant = written('plant.yaml', 'plants: [{ id: p, time_zone: Nowhere }]\n');
    const rules = written('rules.yaml', 'triggers: [{ id: t, on: gone, request: {} }]\n');
    await expect(readPlantAndRules(plant, rules)).rejects.toThrow(
      /time_zone: expected .*\nand one mistake.*\n.*triggers\.0\.on: expected/s,
    );
  });
});

test('windows by shift are warned of where the plant has no shifts', async () => {
  const rules = 'windows: [{ id: w, kind: calendar, size: shift }]\n';
  expect(await warnings(rules)).toEqual([]);
  expect(await warnings(rules, PLANT.replace(/ +shifts.*\n/, ''))).toEqual([
    expect.stringMatching(
      /^1 windows\.0\.size: expected shifts in the plant model of p, found none/,
    ),
  ]);
});
