import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, type TestContext, test, vi } from 'vitest';
import type { Diagnosis } from '../../operators/spectrum/diagnose.ts';
import { registerDiagnose } from '../../pipelines/cli/diagnose.ts';
import { type Decisions, deadLettersOf, rowsOf } from '../support/decisions.ts';
import {
  CONDITION_PLANT,
  CONDITION_RULES,
  decideRecording,
  fieldFolder,
} from '../support/field.ts';
import { temporaryFile } from '../support/temporary.ts';

/** Waveforms and recordings made after public bug reports, each folder with the right answer in its file `expect`. */

type Answer = Diagnosis & {
  readonly features: Readonly<Record<string, number>>;
  readonly absent: Readonly<Record<string, string>>;
};

/** What `andon diagnose` says to each command of a folder: the diagnosis, or the sentence that refuses the file. */
function answers(folder: string): readonly (readonly [command: string, Answer | string])[] {
  const lines = readFileSync(join(folder, 'cmd'), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
    const [file = '', ...options] = words.slice(2);
    return [words.slice(2).join(' '), answer([join(folder, file), ...options])];
  });
}

function answer(words: readonly string[]): Answer | string {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    const command = new Command();
    registerDiagnose(command);
    command.parse([...words, '--json'], { from: 'user' });
    return JSON.parse(String(log.mock.calls[0]?.[0]));
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  } finally {
    log.mockRestore();
  }
}

function folderOf(name: string, context: TestContext): string {
  return fieldFolder(`condition/${name}`) ?? context.skip(`no ../shared/field/condition/${name}`);
}

/** Each folder, and what must hold of every answer in it. */
function onEach(
  name: string,
  title: string,
  check: (found: Answer | string, command: string) => void,
) {
  test(`${name}: ${title}`, (context) => {
    const all = answers(folderOf(name, context));
    expect(all.length).toBeGreaterThan(0);
    for (const [command, found] of all) check(found, command);
  });
}

function diagnosed(found: Answer | string): Answer {
  if (typeof found === 'string') throw new Error(found);
  return found;
}

describe('condition: files', () => {
  onEach('07-csv-de-semicolon-comma', 'decimal commas and a row of units are read', (found) => {
    const { features } = diagnosed(found);
    expect(features.acceleration_rms).toBeCloseTo(3.604_02, 3);
    expect(features.kurtosis).toBeCloseTo(1.6167, 3);
    expect(features.velocity_rms).toBeCloseTo(55.3052, 1);
  });

  onEach(
    '09-csv-missing',
    'what is missing is refused at its line, or damages all figures',
    (found) => {
      if (typeof found === 'string') expect(found).toContain('line 105');
      else {
        expect(found.verdict).toBe('not_determined');
        expect(found.features).toEqual({});
        expect(found.reasons.join()).toContain('sample 99 is');
      }
    },
  );

  onEach('11-csv-time-says-rate', 'the rate comes from the times', (found, command) => {
    if (typeof found === 'string') expect(found).toContain('Time, X, Y, Z');
    else expect(found.features.acceleration_rms, command).toBeCloseTo(3.604, 2);
  });

  onEach('14-csv-shapes', 'is read right, or refused', (found, command) => {
    if (typeof found === 'string') expect(found).toMatch(/expected/);
    else expect(found.features.velocity_rms, command).toBeCloseTo(5.04, 2);
  });

  onEach('20-units', 'one motion has one velocity in every unit', (found, command) => {
    // The samples are in µm: read as mil, as the command says, they are 25.4 times as much.
    const factor = command.includes('mil') ? 25.4 : 1;
    if (typeof found === 'string') expect(found, command).toMatch(/--unit: expected one of/);
    else expect(found.features.velocity_rms! / factor, command).toBeCloseTo(11.0356, 1);
  });
});

describe('condition: diagnosis', () => {
  onEach('36-outer-race', 'the outer race is named', (found) => {
    expect(diagnosed(found).verdict).toBe('outer_race');
  });

  for (const name of ['37-electrical-2xLF', '71-electrical-variations']) {
    onEach(name, 'twice the line frequency is no misalignment', (found, command) => {
      const { verdict, severity } = diagnosed(found);
      expect(verdict, command).toBe('not_determined');
      expect(severity?.zone, command).toBe('D');
    });
  }

  for (const name of ['39-cavitation', '73-broadband-is-lubrication']) {
    onEach(name, 'broad noise is not determined', (found, command) => {
      const { verdict, action } = diagnosed(found);
      expect(verdict, command).toBe('not_determined');
      expect(action, command).not.toMatch(/relubricate/);
    });
  }

  onEach('41-stuck-adc', 'a signal that stood still has no figures', (found, command) => {
    const { verdict, reasons, features } = diagnosed(found);
    expect(verdict, command).toBe('not_determined');
    expect(reasons.join(), command).toContain('the signal stood still');
    expect(features, command).toEqual({});
  });

  onEach(
    '47-slow',
    'slow machines have their band, or are told that they are below it',
    (found, command) => {
      const { verdict, features, severity } = diagnosed(found);
      expect(verdict, command).toBe('unbalance');
      expect(features.velocity_1x, command).toBeCloseTo(6, 1);
      if (command.includes('90')) expect(severity?.reservations.join()).toContain('below the band');
      else expect(features.velocity_rms, command).toBeCloseTo(6, 1);
    },
  );

  onEach(
    '80-mixed-faults-and-severity',
    'zone D is said whatever the verdict',
    (found, command) => {
      const { verdict, also, severity } = diagnosed(found);
      expect(severity?.zone, command).toBe('D');
      expect(verdict, command).not.toBe('none');
      if (command.startsWith('near')) expect(also.map(({ fault }) => fault)).toEqual(['unbalance']);
    },
  );
});

/** What the pipeline makes of each recording of a folder, or the sentence that refuses it. */
async function decisionsOf(folder: string): Promise<ReadonlyMap<string, Decisions | string>> {
  const [plant, rules] = [
    temporaryFile('plant.yaml', CONDITION_PLANT),
    temporaryFile('rules.yaml', CONDITION_RULES),
  ];
  const files = readdirSync(folder).filter((name) => /\.(yaml|ndjson)$/.test(name));
  const found = new Map<string, Decisions | string>();
  for (const file of files) {
    const decided = decideRecording(join(folder, file), plant, rules);
    found.set(basename(file, '.yaml'), await decided.catch((error: Error) => error.message));
  }
  return found;
}

function onRecordings(
  name: string,
  title: string,
  check: (found: Decisions | string, recording: string) => void,
) {
  test(`${name}: ${title}`, { timeout: 120_000 }, async (context) => {
    const all = await decisionsOf(folderOf(name, context));
    expect(all.size).toBeGreaterThan(0);
    for (const [recording, found] of all) check(found, recording);
  });
}

function onsets(found: Decisions) {
  return rowsOf(found, 'anomalies').filter(({ phase }) => phase === 'raised');
}

/** So many minutes of both signals, none of them a text. */
function expectWhole(found: Decisions | string, recording: string) {
  if (typeof found === 'string') throw new Error(`${recording}: ${found}`);
  const frames = rowsOf(found, 'readings');
  const values = frames.reduce((sum, { times, signals }) => sum + times.length * signals.length, 0);
  expect(values, recording).toBe(1_440);
  expect(
    frames.flatMap(({ texts }) => texts),
    recording,
  ).toEqual([]);
}

/** `hot` is raised once, some minutes after eight. */
function expectHotOnce(found: Decisions | string, recording: string) {
  if (typeof found === 'string') throw new Error(`${recording}: ${found}`);
  const all = onsets(found);
  expect(
    all.map(({ rule }) => rule),
    recording,
  ).toEqual(['hot']);
  const since = new Date(Number(all[0]?.since) / 1_000).toISOString();
  expect(since, recording).toMatch(/^2026-01-05T08:(1[5-9]|2[01]):/);
}

describe('condition: recordings', () => {
  onRecordings(
    '60-rec-plain-bom',
    'byte order marks, quotes and blanks are read',
    (found, recording) => {
      expectHotOnce(found, recording);
      expectWhole(found, recording);
      expect(deadLettersOf(found as Decisions), recording).toEqual({});
    },
  );

  onRecordings('62-rec-times', 'a time is read right or refused', (found, recording) => {
    const ambiguous = ['dayfirst', 'german', 'us', 'usampm', 'excel', 'pi'];
    if (ambiguous.includes(recording)) expect(found).toMatch(/expected a time \(iso\)/);
    else {
      expectHotOnce(found, recording);
      expectWhole(found, recording);
    }
  });

  onRecordings(
    '64-rec-sentinels',
    'what is missing is left out, and counted',
    (found, recording) => {
      expectHotOnce(found, recording);
      const isEmpty = recording === 'blank' || recording === 'nan';
      const reason = /^(e31|m999|m9999)$/.test(recording) ? 'out-of-range' : 'text';
      expect(deadLettersOf(found as Decisions), recording).toEqual(isEmpty ? {} : { [reason]: 36 });
    },
  );

  onRecordings(
    '66-rec-order',
    'glued headings and double columns are refused',
    (found, recording) => {
      if (recording === 'glued') expect(found).toMatch(/glued\.csv:\d+: expected a time/);
      else if (recording === 'dupcol') expect(found).toContain('expected one column temperature');
      else if (recording !== 'dst' && recording !== 'swapped') expectHotOnce(found, recording);
    },
  );

  onRecordings('77-block-variations', 'one text takes one value', (found, recording) => {
    if (typeof found === 'string') throw new Error(`${recording}: ${found}`);
    expect(deadLettersOf(found).text, recording).toBeGreaterThan(0);
    expectHotOnce(found, recording);
  });
});
