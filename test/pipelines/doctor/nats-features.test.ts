import { expect, test } from 'vitest';
import { examineFeatures } from '../../../pipelines/doctor/nats-features.ts';

const notesOf = (version: string, level?: number) =>
  examineFeatures(version, level)
    .filter(({ state }) => state === 'note')
    .map(({ found }) => found);

test('the newest server leaves nothing to wish for', () => {
  const [summary, ...notes] = examineFeatures('2.15.1', 4);
  expect(notes).toEqual([]);
  expect(summary).toMatchObject({ state: 'ok', found: expect.stringContaining('sync_interval') });
});

test('an older one works, and each thing that a newer one adds is a note that says what for', () => {
  const findings = examineFeatures('2.9.10', undefined);
  expect(findings[0]).toMatchObject({
    state: 'ok',
    found: expect.stringMatching(/named pull consumers; beyond what is needed: nothing$/),
  });
  expect(notesOf('2.9.10')).toContain('sync_interval: from 2.10 on');
  expect(findings.find(({ found }) => found.startsWith('per-message TTL'))?.remedy).toMatch(
    /^Leases .*\. Andon does not use it yet\.$/,
  );
});

test('a server of a cluster can do what the level of its API says, not its own version', () => {
  expect(notesOf('2.12.3', 2)).toEqual([
    'stop at disk errors: from 2.14 on',
    'fast ingest: from 2.14 on',
  ]);
  expect(notesOf('2.12.3', 1)).toContain('atomic batch publish: from 2.12 on');
});

test('one that lacks what is needed fails', () => {
  expect(examineFeatures('2.8.4', undefined)[0]).toMatchObject({
    state: 'fail',
    found: '2.8.4 lacks discard new per subject, named pull consumers',
  });
});
