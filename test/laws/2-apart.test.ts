import fc from 'fast-check';
import { describe, expect } from 'vitest';
import type { Row } from '../../operators/flow/flow.ts';
import type { Message } from '../../operators/model/message.ts';
import { decide } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import { MACHINES } from '../support/plants/model.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';

/** Each message of others is a tick instead: append time goes on as it did. */
function without(messages: readonly Message[], isOther: (subject: string) => boolean): Message[] {
  return messages.map((message) =>
    isOther(message.subject)
      ? { ...message, subject: 'tick', headers: {}, payload: new Uint8Array(0) }
      : message,
  );
}

describe('law 2: what has a clock of its own answers to nobody else', () => {
  const seen = { windows: 0, requests: 0 };

  law(
    'a line decides the same whatever other lines do, and a machine has the same windows whatever others do',
    8,
    fc.record({ plant: plantWith(), alone: fc.constantFrom(...MACHINES) }),
    ({ plant, alone }) => {
      const messages = logOfPlant(plant);
      const all = decide(messages).rows;
      const line = rowsOfLine(all, 'l1');
      const lineAlone = without(messages, (subject) =>
        /^(?!rules|model).*\.l2(\.|$)/.test(subject),
      );
      expect(rowsOfLine(decide(lineAlone).rows, 'l1')).toEqual(line);
      const windows = windowsOf(all, alone);
      const machineAlone = without(messages, (subject) => {
        return !/^(rules|model|tick)/.test(subject) && !subject.includes(`.p1.${alone}`);
      });
      expect(windowsOf(decide(machineAlone).rows, alone)).toEqual(windows);
      seen.windows += windows.length;
      seen.requests += line.filter(({ table }) => table === 'requests').length;
    },
    () => expect(Math.min(...Object.values(seen))).toBeGreaterThan(3),
  );
});

/** In the order in which they came; dead letters name their source by its subject, path or rule. */
function rowsOfLine(rows: readonly Row[], line: string): Row[] {
  return rows.filter(({ table, row }) => {
    if (table === 'dead_letters') return new RegExp(`p1[./]${line}\\b`).test(row.source);
    return 'line' in row && row.line === line;
  });
}

function windowsOf(rows: readonly Row[], path: string): Row[] {
  return rows.filter(
    ({ table, row }) => table === 'windows' && `${row.line}.${row.asset}` === path,
  );
}
