import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { prometheusRules } from '../../pipelines/governance/burn-rates.ts';
import { createInternalEvents } from '../../pipelines/observe/observe.ts';
import {
  OBJECTIVES,
  objectivesSchema,
  readObjectives,
} from '../../pipelines/warehouse/objectives.ts';
import { textOf } from '../support/architecture.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const RULES = 'deploy/prometheus/andon-objectives.yaml';
const shipped = objectivesSchema.parse({}).objectives;

// To write it anew: npx andon objectives --prometheus > deploy/prometheus/andon-objectives.yaml
test('the rules that are shipped are those of the shipped objectives, and so is the example', () => {
  expect(textOf(RULES)).toBe(prometheusRules(shipped));
  expect(
    readObjectives(fileURLToPath(new URL('../../examples/objectives.yaml', import.meta.url))),
  ).toEqual(shipped);
});

test('each objective has its state and alarms, and all metrics in them exist', () => {
  const { groups } = parse(textOf(RULES));
  const rules = groups.flatMap((group: { rules: object[] }) => group.rules);
  for (const objective of Object.keys(OBJECTIVES)) {
    const own = rules.filter(
      (rule: { labels: object }) => Reflect.get(rule.labels, 'objective') === objective,
    );
    expect(own).toHaveLength(4);
  }
  const { metrics } = createInternalEvents({ destination: { write: () => undefined } });
  const named = [...textOf(RULES).matchAll(/andon_[a-z_]+/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(5);
  for (const name of named) expect(metrics.getSingleMetric(name), name).toBeDefined();
});

const PROMTOOL = process.env.PROMTOOL_BIN ?? 'promtool';

test('promtool reads the rules, and two minutes of a stalled log burn the budget of flow alone', ({
  skip,
}) => {
  if (spawnSync(PROMTOOL, ['--version']).status !== 0)
    return skip('promtool is not here (PROMTOOL_BIN)');
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 'rules.yaml'), prometheusRules(shipped));
  const series = (name: string, values: string) => ({
    series: `${name}{pipeline="plant"}`,
    values,
  });
  // Of 0.1 % in an hour 14.4 times as much: 1.44 %, which is 52 s. The log stands still for two minutes.
  const stalled = series('andon_log_stalled', '0x119 1x3 0x1000');
  const alarms = (time: string, windows: readonly string[]) => ({
    ...{ eval_time: time, alertname: 'AndonObjectiveFlow' },
    exp_alerts: windows.map((window) => ({
      exp_labels: {
        severity: window === '3d' ? 'ticket' : 'page',
        objective: 'flow',
        window,
        pipeline: 'plant',
      },
      exp_annotations: annotationsOf('flow', window),
    })),
  });
  const example = {
    rule_files: ['rules.yaml'],
    evaluation_interval: '30s',
    tests: [
      {
        interval: '30s',
        input_series: [stalled, series('andon_log_lag_seconds', '1x1200')],
        alert_rule_test: [
          alarms('59m', []),
          alarms('62m', ['1h', '6h', '3d']),
          // The cause is over: the short windows end first. Of three days an hour is known: its share is all there is.
          alarms('68m', ['6h', '3d']),
          alarms('95m', ['3d']),
          { eval_time: '62m', alertname: 'AndonObjectiveLatency', exp_alerts: [] },
        ],
      },
    ],
  };
  writeFileSync(join(folder, 'test.yaml'), stringify(example));
  const run = spawnSync(PROMTOOL, ['test', 'rules', 'test.yaml'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(`${run.stdout}${run.stderr}`).toContain('SUCCESS');
  expect(run.status).toBe(0);
});

function annotationsOf(objective: string, window: string) {
  const rules = parse(prometheusRules(shipped)).groups[1].rules;
  return rules.find(
    (rule: { labels: { objective: string; window: string } }) =>
      rule.labels.objective === objective && rule.labels.window === window,
  ).annotations;
}
