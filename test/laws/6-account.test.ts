import { unpack } from 'msgpackr';
import { describe, expect } from 'vitest';
import { countReadings } from '../../operators/model/decoded.ts';
import type { Message } from '../../operators/model/message.ts';
import type { DeadLetterReason } from '../../operators/model/tables.ts';
import { type Decisions, decide, rowsOf } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';

/** What ends before it lands, by the stages that end it; what `unknown` says of a signal has landed all the same. */
const ENDING: readonly DeadLetterReason[] = [
  ...(['malformed', 'not-finite', 'bad-quality', 'missing', 'duplicate', 'skew'] as const),
];
const EARLY = ['decode', 'validate', 'watermarks'];

describe('law 6: whatever a plant does, everything that came in is accounted for', () => {
  law('every reading, event and waveform landed, or is a dead letter', 10, plantWith(), (plant) => {
    const messages = logOfPlant(plant);
    const decisions = decide(messages);
    const sources = new Set(messages.map(({ subject }) => subject));
    for (const subject of sources) {
      if (!/^(telemetry|waveform|event|act|status|finding)\./.test(subject)) continue;
      const sent = messages.filter((message) => message.subject === subject);
      const came = sent.reduce((sum, message) => sum + weightOf(message), 0);
      const found = { landed: landedOf(decisions, subject), ended: endedOf(decisions, subject) };
      expect([subject, found.landed + found.ended]).toEqual([subject, came]);
    }
    expect(rowsOf(decisions, 'features').length + gapsOf(decisions)).toBe(
      rowsOf(decisions, 'waveforms').length,
    );
  });
});

/** How many values a message has, by the wire format alone: what is null is none; anything else is one message. */
function weightOf({ subject, payload }: Message): number {
  if (!subject.startsWith('telemetry')) return 1;
  let content: { readonly values: Readonly<Record<string, unknown>>; readonly time: unknown };
  try {
    content = unpack(payload);
  } catch {
    return 1;
  }
  const isBlock = Array.isArray(content.time);
  const values = Object.values(content.values ?? {}).flatMap((column) => {
    return isBlock && Array.isArray(column) ? column : [column];
  });
  return values.filter((value) => value !== null && value !== undefined).length;
}

function landedOf(decisions: Decisions, subject: string): number {
  const [kind = '', ...path] = subject.split('.');
  if (kind === 'telemetry') {
    return rowsOf(decisions, 'readings')
      .filter(({ origin }) => origin.subject === subject)
      .reduce((sum, frame) => sum + countReadings(frame), 0);
  }
  if (kind === 'waveform') {
    return rowsOf(decisions, 'waveforms').filter(({ origin }) => origin.subject === subject).length;
  }
  const [line, asset, user] =
    kind === 'status' ? [path[2], path[3], ''] : [path[1], path[2], path[4] ?? ''];
  const system = kind === 'status' ? path[0] : '';
  return rowsOf(decisions, 'machine_events').filter((row) => {
    if (row.system !== system) return false;
    return row.kind === kind && row.line === line && row.asset === asset && row.user === user;
  }).length;
}

function endedOf(decisions: Decisions, subject: string): number {
  return rowsOf(decisions, 'dead_letters')
    .filter(({ stage, source, reason, detail }) => {
      const isUnknown = reason === 'unknown' && detail.includes('no asset');
      const isOf = source === subject || source === `${subject} backfill`;
      return isOf && EARLY.includes(stage) && (isUnknown || ENDING.includes(reason));
    })
    .reduce((sum, { count }) => sum + count, 0);
}

function gapsOf(decisions: Decisions): number {
  return rowsOf(decisions, 'dead_letters')
    .filter(({ stage, reason }) => stage === 'spectrum' && reason !== 'unknown')
    .reduce((sum, { count }) => sum + count, 0);
}
