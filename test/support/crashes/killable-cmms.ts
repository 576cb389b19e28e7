import { setTimeout as delay } from 'node:timers/promises';
import type { Call } from '../../../sinks/remote/caller.ts';
import {
  type CallFailure,
  type CallOutcome,
  success,
  unclear,
} from '../../../sinks/remote/outcome.ts';
import type { Cmms } from '../../../sinks/remote/remote.ts';
import type { CmmsAndLedger } from './cmms-and-ledger.ts';
import type { KillableProcess } from './killable-process.ts';
import type { Fault } from './killable-sink.ts';

/** Milliseconds: when a call is given up, and how long the other side may go on with it after that. */
export const TIMEOUT = 30_000;
export const SETTLE = 20_000;

const REFUSED: CallFailure = {
  ...{ kind: 'retryable', note: 'no connection', status: null, after: null, down: true },
};
const SILENT: CallFailure = {
  ...{ kind: 'unknown', note: 'no answer in time', status: null, answered: false },
};

export type KillableCmmsOptions = {
  readonly process: KillableProcess;
  readonly outside: CmmsAndLedger;
  readonly fault: () => Fault | undefined;
  readonly random: () => number;
};

/** A CMMS that is well or ill by plan, and keeps to what is promised of one: nothing happens later than `settle`. */
export function killableCmms({ process, outside, fault, random }: KillableCmmsOptions): Cmms {
  async function ask<T>(call: Call, effect: () => T): Promise<CallOutcome<T>> {
    call.signal.throwIfAborted();
    await call.sending?.();
    switch (fault()) {
      case undefined:
        return success(await process.act({ call: 'send', whole: effect }));
      case 'fails':
        return process.act({ call: 'send', whole: () => REFUSED });
      case 'answer-lost':
        await process.act({ call: 'send', whole: effect });
        return random() < 0.5 ? SILENT : unclear('502', 502);
      case 'hangs':
        await process.act({ call: 'send', whole: () => undefined });
        return delay(TIMEOUT, SILENT);
      case 'answers-late': {
        const value = await process.act({ call: 'send', whole: effect });
        const wait = random() * 2 * TIMEOUT;
        return wait < TIMEOUT ? delay(wait, success(value)) : delay(TIMEOUT, SILENT);
      }
      case 'arrives-late':
        await process.act({
          call: 'send',
          whole: () => void delay(random() * (TIMEOUT + SETTLE - 1_000)).then(effect),
        });
        return delay(TIMEOUT, SILENT);
    }
  }

  return {
    name: 'memory',
    search: (request, call) =>
      ask(call, () => outside.find(request.id).map(({ remote }) => remote)),
    create: (request, call) => ask(call, () => outside.create(request)),
    async write(request, remote, { sending, ...asking }) {
      const done = await ask(asking, () => outside.has(request.revision, remote));
      if (done.kind !== 'ok') return done;
      if (done.value) return success('present');
      const call = sending === undefined ? asking : { ...asking, sending };
      const written = await ask(call, () => outside.write(request, remote));
      return written.kind === 'ok' ? success('written') : written;
    },
    async status(_, remote, call) {
      const seen = await ask(call, () => outside.status(remote));
      if (seen.kind !== 'ok') return seen;
      return success({ word: seen.value ?? 'new', status: seen.value, note: null });
    },
  };
}
