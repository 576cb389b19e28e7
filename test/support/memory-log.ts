import type { Message, Sequence } from '../../operators/model/message.ts';
import type { Log } from '../../pipelines/nats/log.ts';

/** Messages as a finite log. `most`: the most that one pull gives, so that tests can choose the batches. */
export function memoryLog(messages: readonly Message[], after = 0, most = () => 1_000): Log {
  let next = messages.findIndex(({ sequence }) => sequence > after);
  if (next < 0) next = messages.length;
  return {
    stream: 'MEMORY',
    created: '2026-01-01T00:00:00Z',
    replay: true,
    async pull(limit) {
      const batch = messages.slice(next, next + Math.min(limit, most()));
      next += batch.length;
      return { messages: batch, gaps: [], ended: next >= messages.length };
    },
    async state() {
      const last = messages.length as Sequence;
      return { created: this.created, first: 1 as Sequence, last, messages: last, bytes: 0 };
    },
    async close() {},
  };
}
