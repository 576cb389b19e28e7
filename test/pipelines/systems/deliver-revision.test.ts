import { expect, test } from 'vitest';
import { deliverRevision } from '../../../pipelines/systems/deliver-revision.ts';
import { type LedgerEntry, newEntry } from '../../../pipelines/systems/entry.ts';
import { createCmms } from '../../../sinks/remote/remote.ts';
import { exampleConfig } from '../../sinks/remote/example-config.ts';
import { exampleRequest } from '../../sinks/remote/example-request.ts';

const TIMING = { timeout: 2_000, settle: 1_000, every: 1_000, faults: 3 };
const request = exampleRequest();

/** Tries a request whose last call may go on for so many milliseconds, at an address where nobody listens. */
async function tryAgain(pending: number) {
  let entry: LedgerEntry = {
    ...newEntry(request.id, request),
    sending: { revision: 1, what: 'create', until: 10_000 + pending },
  };
  const cell = {
    get entry() {
      return entry;
    },
    async save(changes: Partial<LedgerEntry>) {
      entry = { ...entry, ...changes };
    },
  };
  const step = await deliverRevision({ request, resend: false }, cell, {
    cmms: createCmms(exampleConfig('http://127.0.0.1:1/'), {}),
    timing: TIMING,
    record: () => undefined,
    signal: new AbortController().signal,
    partitions: 1,
    now: () => 10_000,
  });
  return { step, until: entry.sending?.until };
}

test('a call that may still be carried out is waited for', async () => {
  expect(await tryAgain(1_200)).toEqual({ step: { kind: 'again', atLeast: 1_200 }, until: 11_200 });
});

test('a clock that was set back since makes nobody wait for longer than a call can take', async () => {
  const hours = 5 * 3_600_000;
  expect(await tryAgain(hours)).toEqual({ step: { kind: 'again', atLeast: 3_000 }, until: 13_000 });
});
