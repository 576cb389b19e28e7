import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { impacts, RATE } from '../../operators/spectrum/machines.ts';
import { ANDON } from '../../stand/code.ts';

const folder = mkdtempSync(join(tmpdir(), 'andon-diagnose-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'pump.f32');
writeFileSync(file, new Uint8Array(impacts((3.5848 * 1_750) / 60).buffer));
const speed = ['--rate', String(RATE), '--rpm', '1750'];
const geometry = ['--balls', '9', '--ball-diameter', '0.3126in', '--pitch-diameter', '39.04'];

function andon(...args: string[]): string {
  return execFileSync('node', [ANDON, 'diagnose', ...args], { encoding: 'utf8' });
}

describe('andon diagnose', () => {
  test('names the fault, as JSON one line a file, with everything it rests on', () => {
    const lines = andon(file, file, ...speed, ...geometry, '--json')
      .trim()
      .split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      file,
      verdict: 'outer_race',
      forced: 'outer_race',
      confidence: expect.any(Number),
      scores: { outer_race: expect.any(Number), unbalance: expect.any(Number) },
      severity: { zone: expect.stringMatching(/^[A-D]$/) },
      features: { acceleration_rms: expect.any(Number), velocity_1x: expect.any(Number) },
      supporting: expect.arrayContaining([expect.objectContaining({ name: '1× outer_race' })]),
    });
  });

  test('takes the geometry from the table, and draws', () => {
    const picture = join(folder, 'pump.svg');
    const text = andon(file, ...speed, '--bearing', 'SKF 6205-2RS', '--plot', picture);
    expect(text).toMatch(/pump\.f32: outer race \(confidence/);
    expect(readFileSync(picture, 'utf8')).toContain('1× outer race');
    andon(file, file, ...speed, '--bearing', '6205', '--plot', picture);
    expect(readFileSync(picture, 'utf8')).toContain(
      '2 files, pump.f32 to pump.f32: last outer race',
    );
  });

  test.for([
    [[file], 'expected --rate'],
    [[file, ...speed, '--bearing', '9999'], '--bearing: expected one of 1205, 22205'],
    [[file, ...speed, '--balls', '9'], 'expected --balls, --ball-diameter and --pitch-diameter'],
    [
      [file, ...speed, ...geometry.slice(0, 4), '--pitch-diameter', '1.537'],
      'expected a geometry that can be',
    ],
    [[join(folder, 'none.f32'), ...speed], 'expected a file'],
  ] as const)('%j is refused with a sentence and exit code 2', ([args, message]) => {
    const { status, stderr } = spawnSync('node', [ANDON, 'diagnose', ...args], {
      encoding: 'utf8',
    });
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});
