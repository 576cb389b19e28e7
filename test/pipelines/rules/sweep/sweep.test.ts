import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { SECOND } from '../../../../operators/model/time.ts';
import { readDescription } from '../../../../pipelines/recordings/recording-description.ts';
import { openRecordingLog } from '../../../../pipelines/recordings/recordings.ts';
import { backtest } from '../../../../pipelines/rules/backtest.ts';
import { changesOf } from '../../../../pipelines/rules/changes.ts';
import { readPlantFile, readRulesFile } from '../../../../pipelines/rules/rules.ts';
import { operatingPeriods } from '../../../../pipelines/rules/sweep/operating-periods.ts';
import { sweep } from '../../../../pipelines/rules/sweep/sweep.ts';
import { type Swept, variantsOf } from '../../../../pipelines/rules/sweep/variants.ts';
import { recordedPlant } from '../../../stand/recorded-plant.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const folder = temporaryDirectory();
const signal = new AbortController().signal;
const rulesFile = join(folder, 'rules.yaml');

/** Alarms and requests of one backtest of its own. */
async function alone(file: string, rule: string, recording: string) {
  const plants = await readPlantFile(join(folder, 'plant.yaml'));
  const changes = changesOf(plants, await readRulesFile(file));
  const recordings = [await readDescription(recording)];
  const raised: number[] = [];
  const { requests, messages, readings, features } = await backtest({
    openLog: () => openRecordingLog({ recordings, changes }),
    signal,
    onDecision: ({ table, line }) => {
      const row = JSON.parse(line);
      if (table === 'anomalies' && row.rule === rule && row.phase === 'raised')
        raised.push(row.time);
    },
  });
  const first = raised.length === 0 ? undefined : Math.min(...raised);
  return { alarms: raised.length, first, requests, messages, readings, features };
}

async function swept(about: Swept, recording: string) {
  const plants = await readPlantFile(join(folder, 'plant.yaml'));
  const changes = changesOf(plants, about.entry);
  const recordings = [await readDescription(recording)];
  return sweep({
    openLog: () => openRecordingLog({ recordings, changes }),
    signal,
    change: changes[0]!.messages[0]!.headers!['Andon-Change']!,
    variants: about.variants.map(({ rules }) => rules),
    detectors: new Set(about.detectors),
    periodsOf: operatingPeriods(recordings, {}),
    lasting: (60 * SECOND) as never,
  });
}

let recording = '';
beforeAll(() => {
  recording = recordedPlant(folder, 300, 17).recording;
});

test.each([
  ['hot', 'above', '70..90/10'],
  ['stuck', 'windows', '2,12'],
])('each value of %s.%s says what a backtest of it alone says', async (rule, field, values) => {
  const about = await variantsOf(rulesFile, [`${rule}.${field}=${values}`]);
  const { result, messages } = await swept(about, recording);
  const rules = JSON.parse(readFileSync(rulesFile, 'utf8'));
  const seen = new Set<string>();
  for (const [at, { values: chosen }] of about.variants.entries()) {
    const file = join(folder, `rules-${at}.yaml`);
    const detectors = rules.detectors.map((one: { id: string }) =>
      one.id === rule ? { ...one, [field]: chosen[0] } : one,
    );
    writeFileSync(file, JSON.stringify({ ...rules, detectors }));
    const expected = await alone(file, rule, recording);
    const { alarms, first, requests } = result.tallies[at]!;
    const { readings, waveforms: features } = result.span;
    expect({ alarms, first, requests, messages, readings, features }).toEqual(expected);
    seen.add(`${alarms} from ${first}`);
  }
  expect(seen.size).toBeGreaterThan(1);
});
