import { setTimeout as delay } from 'node:timers/promises';
import type { Call } from '../../../sinks/remote/caller.ts';
import {
  type CallFailure,
  type CallOutcome,
  success,
  unclear,
} from '../../../sinks/remote/outcome.ts';
import type { Life } from './lives.ts';

/** Milliseconds: when a call is given up, and how long the other side may go on with it after that. */
export const TIMEOUT = 30_000;
export const SETTLE = 20_000;

const REFUSED: CallFailure = {
  ...{ kind: 'retryable', note: 'no connection', status: null, after: null, down: true },
};
const SILENT: CallFailure = {
  ...{ kind: 'unknown', note: 'no answer in time', status: null, answered: false },
};

/** Makes one call to a system that is well or ill by plan: nothing happens later than `settle`. */
export type KillableCall = <T>(call: Call, effect: () => T) => Promise<CallOutcome<T>>;

export function killableCall({
  process,
  fault,
  random,
}: Pick<Life, 'process' | 'fault' | 'random'>): KillableCall {
  return async function ask<T>(call: Call, effect: () => T): Promise<CallOutcome<T>> {
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
  };
}
