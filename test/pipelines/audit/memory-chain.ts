import type { ChainStore } from '../../../pipelines/audit/append.ts';
import type { AuditMessage } from '../../../pipelines/audit/chain.ts';

/** What may go wrong with one call: nothing, the request is lost, the answer is lost, or it comes later than anybody waits. */
export type Mishap = 'none' | 'request-lost' | 'answer-lost' | 'late' | 'stale';

export interface MemoryChain {
  readonly entries: AuditMessage[];
  /** Lets everything come that was on its way. */
  settle(): void;
  store(mishap: () => Mishap): ChainStore;
}

/** A chain as JetStream keeps it: appended with the last number that is expected, and otherwise refused. */
export function createMemoryChain(): MemoryChain {
  const entries: AuditMessage[] = [];
  const late: (() => void)[] = [];
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const put = (subject: string, bytes: Uint8Array, after: number) => {
    if (entries.length !== after) throw new Error(`wrong last sequence: ${entries.length}`);
    entries.push({ n: after + 1, subject, bytes, appended: entries.length });
  };
  return {
    entries,
    settle() {
      for (const come of late.splice(0)) come();
    },
    store: (mishap) => ({
      async last() {
        await turn();
        const happens = mishap();
        if (happens === 'request-lost' || happens === 'answer-lost') throw new Error('timeout');
        // A copy that is behind the others answers.
        return happens === 'stale' ? entries.at(-2) : entries.at(-1);
      },
      async read(n) {
        await turn();
        if (mishap() === 'answer-lost') throw new Error('timeout');
        return mishap() === 'stale' ? undefined : entries[n - 1];
      },
      async append(subject, bytes, after) {
        await turn();
        const happens = mishap();
        if (happens === 'request-lost') throw new Error('timeout');
        if (happens === 'late') {
          late.push(() => {
            try {
              put(subject, bytes, after);
            } catch {
              // Refused: nobody waits for the answer any more.
            }
          });
          throw new Error('timeout');
        }
        if (late.length > 0 && happens === 'stale') late.shift()?.();
        put(subject, bytes, after);
        if (happens === 'answer-lost') throw new Error('timeout');
      },
      isLasting: (error) => error instanceof Killed,
    }),
  };
}

/** The process of a writer ended. */
export class Killed extends Error {}
