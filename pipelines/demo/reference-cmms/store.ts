import { z } from 'zod';
import { type CallLog, openJournal, type ReceivedCall } from '../journal.ts';
import { ACTIONS, type WorkAction, type WorkRequest } from './work-request.ts';

const entrySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('received'), call: z.custom<ReceivedCall>() }),
  z.object({ kind: z.literal('work'), work: z.custom<WorkRequest>() }),
  z.object({ kind: z.literal('removed'), id: z.string() }),
]);

/** All that this CMMS knows. Every change is on disk before it is answered. */
export interface Store extends CallLog {
  all(): readonly WorkRequest[];
  get(id: string): WorkRequest | undefined;
  create(
    fields: Omit<WorkRequest, 'id' | 'status' | 'status_note' | 'comments' | 'created' | 'changed'>,
  ): WorkRequest;
  change(id: string, changes: Partial<WorkRequest>): WorkRequest;
  /** Undefined when the action does not fit the status. */
  act(id: string, action: WorkAction, note: string): WorkRequest | undefined;
  /** As a restore from an old backup would: it is not there any more, and its number is not given again. */
  remove(id: string): void;
  close(): void;
}

export function openStore(path: string, now: () => Date = () => new Date()): Store {
  const works = new Map<string, WorkRequest | null>();
  const received: ReceivedCall[] = [];
  const journal = openJournal(path, (line) => {
    const entry = entrySchema.parse(line);
    if (entry.kind === 'work') works.set(entry.work.id, entry.work);
    else if (entry.kind === 'removed') works.set(entry.id, null);
    else received.push(entry.call);
  });

  function save(work: WorkRequest): WorkRequest {
    journal.append({ kind: 'work', work });
    works.set(work.id, work);
    return work;
  }

  function change(id: string, changes: Partial<WorkRequest>): WorkRequest {
    const work = works.get(id);
    if (work === undefined || work === null) throw new Error(`no work request ${id}`);
    return save({ ...work, ...changes, changed: now().toISOString() });
  }

  return {
    received,
    note(call) {
      journal.append({ kind: 'received', call });
      received.push(call);
    },
    all: () => [...works.values()].filter((work) => work !== null),
    get: (id) => works.get(id) ?? undefined,
    remove(id) {
      journal.append({ kind: 'removed', id });
      works.set(id, null);
    },
    create(fields) {
      const time = now().toISOString();
      return save({
        ...fields,
        id: `WR-${String(works.size + 1).padStart(5, '0')}`,
        status: 'NEW',
        status_note: '',
        comments: [],
        created: time,
        changed: time,
      });
    },
    change,
    act(id, action, note) {
      const work = works.get(id);
      const { from, to } = ACTIONS[action];
      if (work === undefined || work === null || !from.some((status) => status === work.status))
        return undefined;
      return change(id, { status: to, status_note: note });
    },
    close: () => journal.close(),
  };
}
