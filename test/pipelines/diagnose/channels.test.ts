import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, test, vi } from 'vitest';
import { registerDiagnose } from '../../../pipelines/cli/diagnose.ts';
import { chance, impacts, noise, RATE, shaking } from '../../operators/spectrum/machines.ts';
import { temporaryFile } from '../../support/temporary.ts';

/** What `andon diagnose` prints, or the sentence that it refuses something with. */
function said(words: readonly string[]): string {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    const command = new Command();
    registerDiagnose(command);
    command.parse([...words], { from: 'user' });
    return String(log.mock.calls[0]?.[0]);
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  } finally {
    log.mockRestore();
  }
}

function table(channels: Readonly<Record<string, Float32Array>>): string {
  const names = Object.keys(channels);
  const count = Math.min(...Object.values(channels).map(({ length }) => length));
  const lines = Array.from({ length: count }, (_, at) => {
    return names.map((name) => channels[name]![at]!.toFixed(6)).join(',');
  });
  return temporaryFile(
    'pump.csv',
    `${names.map((name) => `${name} (g)`).join(',')}\n${lines.join('\n')}\n`,
  );
}

const speed = ['--rate', String(RATE), '--rpm', '1750'];
const SHAFT = 1_750 / 60;
const outer = impacts(3.5848 * SHAFT);
const inner = impacts(5.4152 * SHAFT, { load: (time) => 1 + Math.cos(2 * Math.PI * SHAFT * time) });
const unbalance = shaking([[SHAFT, 8]]);

describe('several channels', () => {
  test('are one diagnosis: the fault of one, what others show beside it, the worst zone', () => {
    const file = table({ X: outer, Y: unbalance, Z: noise(2, 0.02, 3) });
    const answer = JSON.parse(said([file, ...speed, '--bearing', '6205', '--json']));
    expect(answer).toMatchObject({ verdict: 'outer_race', channel: 'X', severity: { zone: 'D' } });
    expect(answer.also).toMatchObject([
      { fault: 'unbalance', reason: expect.stringContaining('(Y)') },
    ]);
    expect(answer.channels.map(({ channel }: { channel: string }) => channel)).toEqual([
      'X',
      'Y',
      'Z',
    ]);
    expect(answer.severity.velocity_rms).toBeCloseTo(8, 0);
    expect(answer.action).toMatch(/^The level is in zone D.* Plan the replacement of the bearing/);
    expect(answer.action.match(/The level is/g)).toHaveLength(1);
    const text = said([file, ...speed, '--bearing', '6205']);
    expect(text).toMatch(/pump\.csv: outer race and unbalance \(confidence [\d.]+\)/);
    expect(text).toMatch(/by channel, figures above of X:\n {4}X: outer race/);
  });

  test('that name two parts of one bearing say the zone first all the same', () => {
    const file = table({ X: outer, Y: inner, Z: unbalance });
    const answer = JSON.parse(said([file, ...speed, '--bearing', '6205', '--json']));
    expect(answer.action).toMatch(/^The level is in zone D.* Find out the maker and type/);
  });

  test('that name two parts of one bearing name none', () => {
    const file = table({ X: outer, Y: inner });
    const answer = JSON.parse(said([file, ...speed, '--bearing', '6205', '--json']));
    expect(answer).toMatchObject({ verdict: 'not_determined', confidence: 0 });
    expect(answer.reasons[0]).toMatch(/outer race and inner race each fit/);
  });
});

describe('what is said of a bearing', () => {
  const file = temporaryFile('bearing.f32', new Uint8Array(outer.buffer));

  test("the maker's multiples are as good as its geometry", () => {
    for (const orders of [
      ['--bpfo', '3.585', '--bpfi', '5.415'],
      ['--bpfo', '3.585', '--ftf', '0.3983', '--bsf', '2.357'],
      ['--bpfo', '3.59', '--balls', '9'],
    ]) {
      expect(said([file, ...speed, ...orders]), orders.join(' ')).toMatch(
        /: outer race \(confidence/,
      );
    }
  });

  test.for([
    [['--bpfo', '3.59'], /expected bpfi, ftf or balls beside bpfo, found --bpfo 3.59/],
    [['--bpfo', '3.59', '--bpfi', '4.9'], /BPFO and BPFI that add up/],
    [['--bpfo', '3.585', '--bpfi', '5.415', '--ftf', '0.6'], /FTF = BPFO over it/],
    [
      ['--bpfo', '3.585', '--bpfi', '5.415', '--bsf', '4.714'],
      /at which a defect strikes both races/,
    ],
  ] as const)('%j is refused', ([orders, message]) => {
    expect(said([file, ...speed, ...orders])).toMatch(message);
  });

  test('where makers differ, the geometry that fits is said, and that it is typical', () => {
    const seven = temporaryFile('seven.f32', new Uint8Array(impacts(2.574 * SHAFT).buffer));
    const text = said([seven, ...speed, '--bearing', '6306']);
    expect(text).toMatch(/seven\.f32: outer race/);
    expect(text).toContain('makers differ: this is for 7 rolling elements, others have 8');
    expect(text).toContain('the geometry is typical');
  });

  test('without a verdict no number sounds like one', () => {
    const next = chance(5);
    const faint = outer.map((sample) => 0.03 * sample + 0.5 * (next() - 0.5));
    const quiet = temporaryFile('faint.f32', new Uint8Array(Float32Array.from(faint).buffer));
    const text = said([quiet, ...speed, '--bearing', '6205']);
    expect(text.split('\n')[0]).toMatch(/not determined/);
    expect(text.split('\n')[0]).not.toMatch(/confidence/);
  });
});

describe('a trend of files with several channels', () => {
  test('is that of the channel that shows most in the first file', () => {
    const first = table({ X: noise(2, 0.02, 3), Y: unbalance });
    const second = table({ Y: noise(2, 0.02, 4), X: unbalance });
    const plot = temporaryFile('trend.svg', '');
    said([first, second, ...speed, '--plot', plot]);
    expect(readFileSync(plot, 'utf8')).toMatch(/2 files, pump.csv to pump.csv, Y: last none/);
  });

  test('is refused where a later file does not have it', () => {
    const first = table({ X: noise(2, 0.02, 3), Y: unbalance });
    const second = table({ X: noise(2, 0.02, 4), Z: unbalance });
    const plot = temporaryFile('trend.svg', '');
    const answer = said([first, second, ...speed, '--plot', plot]);
    expect(answer).toMatch(/expected the channel Y, .* found X, Z/);
  });
});
