import { setTimeout as delay } from 'node:timers/promises';
import type { EpochContent, Sink } from '../../../sinks/sink.ts';
import type { KillableProcess } from './killable-process.ts';
import type { Outside } from './outside.ts';

/**
 * What becomes of one part (a block, a revision) on its way out.
 *
 * - `fails`: it does not arrive, and that is said at once.
 * - `answer-lost`: it arrives, and that it failed is said at once.
 * - `hangs`: it does not arrive, and nothing is said until the time is out.
 * - `answers-late`: it arrives; what is said comes in time or not, as it happens.
 * - `arrives-late`: the time is out, and then it arrives: after it was sent again, or its sender has died.
 */
export const FAULTS = ['fails', 'answer-lost', 'hangs', 'answers-late', 'arrives-late'] as const;
export type Fault = (typeof FAULTS)[number];

export type KillableSinkOptions = {
  readonly name: 'clickhouse' | 'outbox';
  readonly process: KillableProcess;
  readonly outside: Outside;
  /** What becomes of the next part; undefined for nothing out of the ordinary. */
  readonly fault: () => Fault | undefined;
  readonly random: () => number;
};

const TIMEOUT = 60_000;

/** A sink that is well or ill by plan. Each part is a step, so that its process can die between any two of them. */
export function killableSink(options: KillableSinkOptions): Sink {
  const { name, process, outside, fault, random } = options;

  async function send(arrive: () => void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const late = () => delay(random() * 2 * TIMEOUT);
    switch (fault()) {
      case undefined:
        return process.act({ call: 'send', whole: arrive });
      case 'fails':
        return process.act({ call: 'send', whole: fail });
      case 'answer-lost':
        await process.act({ call: 'send', whole: arrive });
        return fail();
      case 'hangs':
        await process.act({ call: 'send', whole: () => undefined });
        return delay(TIMEOUT, undefined, { signal }).then(timeOut);
      case 'answers-late':
        await process.act({ call: 'send', whole: arrive });
        return Promise.race([late(), delay(TIMEOUT, undefined, { signal }).then(timeOut)]);
      case 'arrives-late':
        await process.act({ call: 'send', whole: () => void late().then(arrive) });
        return delay(TIMEOUT, undefined, { signal }).then(timeOut);
    }
  }

  return {
    name,
    takesBatches: name === 'clickhouse',
    async write(content: EpochContent, signal) {
      const arrivals =
        name === 'outbox'
          ? content.revisions.map((revision) => () => outside.publish(revision))
          : content.blocks.map((block) => () => outside.insert(content, block));
      for (const arrive of arrivals) await send(arrive, signal);
    },
  };
}

function fail(): never {
  throw new Error('connection reset');
}

function timeOut(): never {
  throw new Error('no answer in time');
}
