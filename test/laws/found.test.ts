import { describe, expect, test } from 'vitest';
import { type Decisions, decide, rowsOf } from '../support/decisions.ts';
import { frame, logOf, type Said } from '../support/plant-log.ts';

/** The least cases of what the laws found wrong, each under the name of what went wrong. */
const SECOND = 1_000;

describe('append time goes on with every message of the log, whatever becomes of it', () => {
  const spoken = Array.from({ length: 20 }, (_, second) =>
    frame('l1.press', second * SECOND, { temperature: 60 + (second % 3), vibration: 1 }),
  );
  const last = spoken.at(-1)?.payload ?? new Uint8Array(0);
  const raised = (decisions: Decisions) =>
    rowsOf(decisions, 'anomalies').filter(({ rule, phase }) => {
      return rule === 'silent' && phase === 'raised';
    });
  const then = (subject: string, payload: Uint8Array) =>
    Array.from({ length: 100 }, (_, second): Said => {
      return { at: (20 + second) * SECOND, subject, payload };
    });

  test.each([
    ['ticks', then('tick', new Uint8Array(0))],
    ['repeats', then('telemetry.p1.l1.press', last)],
    ['messages that cannot be read', then('telemetry.p1.l1.press', Buffer.from('no such thing'))],
    ['machines that nobody knows', then('telemetry.p1.l1.stranger', last)],
    ['schedules', then('schedule.p1.l2', Buffer.from('{"entries":[]}'))],
  ])('a machine that falls silent is noticed when only %s come', (_, others) => {
    const decisions = decide(logOf([...spoken, ...others]));
    expect(raised(decisions)).toHaveLength(1);
  });
});
