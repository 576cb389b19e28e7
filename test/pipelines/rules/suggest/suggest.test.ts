import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordingSchema } from '../../../../pipelines/recordings/recording-description.ts';
import { openRecordingLog } from '../../../../pipelines/recordings/recordings.ts';
import { readPlantAndRules, readPlantFile } from '../../../../pipelines/rules/rules.ts';
import { suggest, suggestionText } from '../../../../pipelines/rules/suggest/suggest.ts';
import { randomOf } from '../../../support/plant-log.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const PLANT = `plants:
  - id: works
    lines:
      - id: line1
        assets:
          - { id: press, signals: { temperature: { unit: °C }, lubricating: {} } }
`;
const START = Date.parse('2026-01-05T00:00:00Z');

/** A press, a reading a minute: two products of different temperature, and half an hour in which it is too hot. */
function history(folder: string, minutes: number): string {
  const random = randomOf(3);
  const lines: string[] = [];
  const put = (subject: string, payload: object) =>
    lines.push(JSON.stringify({ subject, payload }));
  for (let minute = 0; minute < minutes; minute += 1) {
    const time = START + minute * 60_000;
    const product = Math.floor(minute / 500) % 2 === 0 ? 'bracket' : 'hinge';
    if (minute % 500 === 0) {
      put('event.works.line1.press', { time, type: 'state', data: { state: 'EXECUTE', product } });
    }
    const isHot = minute >= 1_100 && minute < 1_130;
    const level = (product === 'bracket' ? 40 : 60) + (isHot ? 60 : 0);
    const temperature = Number((level + 2 * (random() - 0.5)).toFixed(3));
    put('telemetry.works.line1.press', {
      time: time + 1,
      values: { temperature, lubricating: minute % 200 < 190 },
    });
  }
  const file = join(folder, `history-${minutes}.ndjson`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

describe('rules from a history', () => {
  const folder = temporaryDirectory();
  const plant = join(folder, 'plant.yaml');
  writeFileSync(plant, PLANT);

  async function suggested(alarms: number, minutes: number) {
    const plants = await readPlantFile(plant);
    const recording = recordingSchema.parse({
      ...{ kind: 'ndjson', name: 'history', file: history(folder, minutes), tick: '1m' },
    });
    return suggest({
      plants,
      openLog: (changes) => openRecordingLog({ recordings: [recording], changes }),
      alarms,
      signal: new AbortController().signal,
    });
  }

  test('propose windows, modes and limits, which `andon apply --check` takes', async () => {
    const suggestion = await suggested(30, 1_600);
    expect(suggestion.windows).toMatchObject([
      { id: 'every-1m', signals: ['lubricating', 'temperature'] },
    ]);
    const ids = suggestion.detectors.map(({ rule }) => rule.id);
    // A switch has no level; both have a sensor that can fall silent.
    expect(ids).toEqual([
      'temperature-level',
      'temperature-new',
      'lubricating-silent',
      'temperature-silent',
      'temperature-stuck',
    ]);
    const level = suggestion.detectors[0]!;
    expect(level.rule).toMatchObject({ modes: ['product'], while: "state == 'EXECUTE'" });
    // Each further value is no calmer than the one before, and the chosen one is the last that is calm enough.
    const rates = level.rates.map(({ perMonth }) => perMonth);
    expect(rates).toEqual(rates.toSorted((a, b) => a - b));
    expect(rates[level.chosen!]).toBeLessThanOrEqual(30);
    expect(rates.slice(level.chosen! + 1).every((rate) => rate > 30)).toBe(true);
    // The half hour that was too hot is in the numbers.
    expect(rates[0]).toBeGreaterThan(0);
    const text = suggestionText(suggestion);
    const rules = join(folder, 'rules.yaml');
    writeFileSync(rules, text);
    const { rules: read } = await readPlantAndRules(plant, rules);
    expect(read.rules.detectors.map(({ id }) => id)).toEqual(ids);
    expect(text).toContain('# A baseline for each product: bracket, hinge.');
    expect(text).toMatch(/# limit \d+: \d+(\.\d)? alarms a month and asset {3}<- here/);
  }, 60_000);

  test('what raises too much at its calmest is left out, and says so', async () => {
    const suggestion = await suggested(0, 1_200);
    const level = suggestion.detectors.find(({ rule }) => rule.id === 'temperature-level')!;
    expect(level.chosen).toBeUndefined();
    const text = suggestionText(suggestion);
    expect(text).toContain('# Left out: its calmest value raises more than 0 a month.');
    const rules = join(folder, 'calm.yaml');
    writeFileSync(rules, text);
    const { rules: read } = await readPlantAndRules(plant, rules);
    expect(read.rules.detectors.some(({ id }) => id === 'temperature-level')).toBe(false);
  }, 60_000);
});
