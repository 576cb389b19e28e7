import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { detectorRuleSchema } from '../../../../operators/model/detector-rule.ts';
import { assetKey } from '../../../../operators/model/key.ts';
import { type EventTime, fromMilliseconds } from '../../../../operators/model/time.ts';
import { overlaid } from '../../../../pipelines/base/yaml-file.ts';
import { recordingSchema } from '../../../../pipelines/recordings/recording-description.ts';
import { openRecordingLog } from '../../../../pipelines/recordings/recordings.ts';
import type { AnsweredAnomaly } from '../../../../pipelines/rules/answers/answered.ts';
import { candidatesFor, overlaysOf } from '../../../../pipelines/rules/answers/candidates.ts';
import { proposalText, propose } from '../../../../pipelines/rules/answers/proposals.ts';
import { readPlantAndRules, readPlantFile } from '../../../../pipelines/rules/rules.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const PLANT = `plants:
  - id: works
    lines:
      - id: line1
        assets:
          - { id: press, signals: { short: {}, low: {}, idle: {}, same: {} } }
`;
const RULES = `time: { disorder: 1s }
windows:
  - { id: minute, kind: tumbling, size: 1m, signals: ['*'] }
detectors:
${['short', 'low', 'idle', 'same']
  .map((signal) => `  - { id: ${signal}-high, kind: limit, signal: ${signal}, above: 80 }`)
  .join('\n')}
`;
const START = Date.parse('2026-01-05T00:00:00Z');
const at = (minute: number): EventTime => fromMilliseconds(START + minute * 60_000);

/** From which minute to before which a signal is too high, how high, and what people said of it. */
type Episode = readonly [from: number, to: number, value: number, verdict: 'confirmed' | 'false'];

/**
 * Five hours of a press, a reading a minute. In minutes 200 to 260 it is idle. `short`: what is false lasts for two windows.
 * `low`: what is false reaches 83. `idle`: what is false comes while it stands idle. `same`: nothing tells them apart.
 */
const EPISODES: Readonly<Record<string, readonly Episode[]>> = {
  short: [
    ...[20, 60, 100].map((from): Episode => [from, from + 2, 95, 'false']),
    ...[30, 140].map((from): Episode => [from, from + 20, 95, 'confirmed']),
  ],
  low: [
    ...[20, 60, 100].map((from): Episode => [from, from + 20, 83, 'false']),
    ...[140, 170].map((from): Episode => [from, from + 20, 95, 'confirmed']),
  ],
  idle: [
    ...[201, 220, 240].map((from): Episode => [from, from + 15, 95, 'false']),
    ...[40, 140].map((from): Episode => [from, from + 15, 95, 'confirmed']),
  ],
  same: [
    ...[20, 60, 100].map((from): Episode => [from, from + 20, 95, 'false']),
    ...[140, 170].map((from): Episode => [from, from + 20, 95, 'confirmed']),
  ],
};

function valueAt(signal: string, minute: number): number {
  const episode = EPISODES[signal]?.find(([from, to]) => minute >= from && minute < to);
  return episode?.[2] ?? 20;
}

function writeHistory(file: string): void {
  const lines = Array.from({ length: 300 }, (_, minute) => {
    const time = START + minute * 60_000 + 1_000;
    const names = Object.keys(EPISODES);
    const values = Object.fromEntries(names.map((signal) => [signal, valueAt(signal, minute)]));
    const states: Record<number, string> = { 0: 'EXECUTE', 200: 'IDLE', 260: 'EXECUTE' };
    const data = { state: states[minute] };
    return [
      ...(data.state === undefined
        ? []
        : [{ subject: 'event.works.line1.press', payload: { time, type: 'state', data } }]),
      { subject: 'telemetry.works.line1.press', payload: { time, values } },
    ];
  });
  writeFileSync(
    file,
    `${lines
      .flat()
      .map((line) => JSON.stringify(line))
      .join('\n')}\n`,
  );
}

/** As they are in the warehouse: an anomaly stands from the end of its first window. */
const answersOf = (signal: string, episodes: readonly Episode[] = EPISODES[signal] ?? []) =>
  episodes.map(
    ([from, to, , verdict]): AnsweredAnomaly => ({
      ...{ asset: assetKey('works', 'line1', 'press'), rule: `${signal}-high`, signal, point: '' },
      ...{ since: at(from + 1), until: at(to + 1), isConfirmed: verdict === 'confirmed' },
    }),
  );

test.each([
  ['the default of the kind', {}, 3],
  ['its own', { count: 5 }, 5],
  ['none beside a delay', { after: '10s' }, undefined],
])('a longer delay stands beside the count in force: %s', (_, raise, count) => {
  const raw = { id: 'own', kind: 'baseline', signal: 'heat', learn: 20, limit: 8, raise };
  const delays = candidatesFor(detectorRuleSchema.parse(raw)).filter(({ field }) => {
    return field.join('.') === 'raise.after';
  });
  const tried = delays.map((one) => detectorRuleSchema.parse(overlaid(raw, overlaysOf(one))).raise);
  expect(tried.length).toBeGreaterThan(5);
  expect(new Set(tried.map((one) => one.count))).toEqual(new Set([count]));
});

describe('proposals from answers', () => {
  const folder = temporaryDirectory();
  const [plant, rules] = [join(folder, 'plant.yaml'), join(folder, 'rules.yaml')];
  const history = join(folder, 'history.ndjson');
  writeFileSync(plant, PLANT);
  writeFileSync(rules, RULES);
  writeHistory(history);
  const recording = recordingSchema.parse({
    ...{ kind: 'ndjson', name: 'history', file: history, tick: '1m' },
  });

  const proposed = async (answered: readonly AnsweredAnomaly[]) =>
    propose({
      ...{ rules, answered, plants: await readPlantFile(plant) },
      openLog: (changes) => openRecordingLog({ recordings: [recording], changes }),
      signal: new AbortController().signal,
    });

  test('are the least change that keeps what was confirmed and drops what was false', async () => {
    const proposals = await proposed(Object.keys(EPISODES).flatMap((signal) => answersOf(signal)));
    const chosen = proposals.map(({ rule, tried, chosen }) => {
      const one = chosen === undefined ? undefined : tried[chosen];
      return [rule, one?.field.join('.'), one?.value, one?.kept, one?.dropped];
    });
    expect(chosen).toEqual([
      // Two windows are one minute apart: a delay of a minute is over with the second.
      ['short-high', 'raise.after', '2m', 2, 3],
      // 81.6 is below 83, and no delay tells them apart.
      ['low-high', 'above', 84, 2, 3],
      ['idle-high', 'while', "state == 'EXECUTE'", 2, 3],
      ['same-high', undefined, undefined, undefined, undefined],
    ]);
    expect(proposals[3]?.why).toContain('no delay, mode or limit');
    // An hour is too long for any of them: nothing right may be lost.
    const hour = proposals[0]?.tried.find(({ value }) => value === '1h');
    expect(hour).toMatchObject({ kept: 0, dropped: 3 });

    const text = proposalText(proposals) ?? '';
    expect(text).toContain('# low-high: 3 of 5 answers say false.');
    expect(text).toContain('# above 81.6: keeps 2 of 2, drops 0 of 3\n');
    expect(text).toContain('# above 84: keeps 2 of 2, drops 3 of 3   <- here');
    expect(text).toContain('# Nothing is proposed: no delay');
    // It can be read again, in the place of what there was.
    const file = join(folder, 'proposed.yaml');
    writeFileSync(file, `${RULES.slice(0, RULES.indexOf('detectors:'))}${text}`);
    const { rules: read } = await readPlantAndRules(plant, file);
    expect(read.rules.detectors).toMatchObject([
      { id: 'short-high', raise: { after: 120_000_000 } },
      { id: 'low-high', above: 84 },
      { id: 'idle-high', while: "state == 'EXECUTE'" },
    ]);
  }, 60_000);

  test('are silent with few answers, and careful where nothing was confirmed', async () => {
    const short = EPISODES.short ?? [];
    expect(proposalText(await proposed(answersOf('short', short.slice(0, 4))))).toBeUndefined();
    // Nobody confirmed any of one rule; what was said of the other was said in another week than the recording is of.
    const low = EPISODES.low ?? [];
    const week = 7 * 24 * 60;
    const [elsewhere, careful] = await proposed([
      ...answersOf(
        'short',
        short.map(([from, to, ...more]): Episode => [from + week, to + week, ...more]),
      ),
      ...answersOf(
        'low',
        low.map(([from, to, value]): Episode => [from, to, value, 'false']),
      ),
    ]);
    expect(elsewhere).toMatchObject({ chosen: undefined, falseHere: 0, falseOnes: 3 });
    expect(elsewhere?.why).toContain('too few of the false ones come again');
    expect(careful).toMatchObject({ chosen: undefined, falseHere: 5 });
    expect(careful?.why).toContain('nothing says what must be kept');
  }, 60_000);
});
