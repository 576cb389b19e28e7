import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { ACTIONS, type WorkAction, type WorkRequest } from './work-request.ts';

/** One call that reached the server and was about to be carried out. */
type Received = {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
};

const entrySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('received'), call: z.custom<Received>() }),
  z.object({ kind: z.literal('work'), work: z.custom<WorkRequest>() }),
]);

/** All that this CMMS knows. Every change is on disk before it is answered. */
export interface Store {
  readonly received: readonly Received[];
  note(call: Received): void;
  all(): readonly WorkRequest[];
  get(id: string): WorkRequest | undefined;
  create(
    fields: Omit<WorkRequest, 'id' | 'status' | 'status_note' | 'comments' | 'created' | 'changed'>,
  ): WorkRequest;
  change(id: string, changes: Partial<WorkRequest>): WorkRequest;
  /** Undefined when the action does not fit the status. */
  act(id: string, action: WorkAction, note: string): WorkRequest | undefined;
  close(): void;
}

export function openStore(path: string, now: () => Date = () => new Date()): Store {
  const works = new Map<string, WorkRequest>();
  const received: Received[] = [];
  const journal = openJournal(path, (line) => {
    const entry = entrySchema.parse(line);
    if (entry.kind === 'work') works.set(entry.work.id, entry.work);
    else received.push(entry.call);
  });

  function save(work: WorkRequest): WorkRequest {
    journal.append({ kind: 'work', work });
    works.set(work.id, work);
    return work;
  }

  function change(id: string, changes: Partial<WorkRequest>): WorkRequest {
    const work = works.get(id);
    if (work === undefined) throw new Error(`no work request ${id}`);
    return save({ ...work, ...changes, changed: now().toISOString() });
  }

  return {
    received,
    note(call) {
      journal.append({ kind: 'received', call });
      received.push(call);
    },
    all: () => [...works.values()],
    get: (id) => works.get(id),
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
      if (work === undefined || !from.some((status) => status === work.status)) return undefined;
      return change(id, { status: to, status_note: note });
    },
    close: () => journal.close(),
  };
}

/** A file of JSON lines, each on disk before `append` returns. */
interface Journal {
  append(entry: unknown): void;
  close(): void;
}

/**
 * Opens a journal and replays what is in it. A last line without its end is what a kill left of an entry that nobody
 * was told of: it is cut off.
 */
function openJournal(path: string, replay: (entry: unknown) => void): Journal {
  const file = openSync(path, 'a+');
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  for (const line of whole.split('\n')) {
    if (line !== '') replay(JSON.parse(line));
  }
  return {
    append(entry) {
      writeSync(file, `${JSON.stringify(entry)}\n`);
      fsyncSync(file);
    },
    close() {
      closeSync(file);
    },
  };
}
