/**
 * A system with an alarm while something else answers in its place: a gateway, a log-in page, a wrong address, a search
 * without its filter. Each change is recorded once, however much waits behind it.
 */

import type { CallOutcome } from '../../sinks/remote/outcome.ts';
import type { Cmms } from '../../sinks/remote/remote.ts';
import type { System, Verb } from '../../sinks/remote/system.ts';
import type { RecordEvent } from '../observe/observe.ts';

type Watch = <A extends readonly unknown[], T>(
  call: (...question: A) => Promise<CallOutcome<T>>,
) => (...question: A) => Promise<CallOutcome<T>>;

/** Gives what watches the calls to a system. */
function createWatch(name: string, record: RecordEvent): Watch {
  let wrong = false;
  return (call) =>
    async (...question) => {
      const outcome = await call(...question);
      const atDoor = 'door' in outcome && outcome.door === true;
      if (atDoor && !wrong) {
        wrong = true;
        record({ kind: 'cmms-door-wrong', cmms: name, note: outcome.note });
      } else if (wrong && outcome.kind === 'ok') {
        wrong = false;
        record({ kind: 'cmms-door-right', cmms: name });
      }
      return outcome;
    };
}

export function watchedCmms(cmms: Cmms, record: RecordEvent): Cmms {
  const watched = createWatch(cmms.name, record);
  const { search, create, write, status, changes } = cmms;
  return {
    ...cmms,
    search: watched(search),
    create: watched(create),
    write: watched(write),
    status: status === undefined ? undefined : watched(status),
    changes: changes === undefined ? undefined : watched(changes),
  };
}

export function watchedSystem(system: System, record: RecordEvent): System {
  const watched = createWatch(system.name, record);
  const verbs = Array.from(
    system.verbs,
    ([name, verb]) => [name, watchedVerb(verb, watched)] as const,
  );
  return { ...system, verbs: new Map(verbs) };
}

function watchedVerb(verb: Verb, watched: Watch): Verb {
  const { ask, search, create, changes, state, held } = verb;
  return {
    ...verb,
    ask: ask.map((each) => watched(each)),
    search: search === undefined ? undefined : watched(search),
    create: create === undefined ? undefined : watched(create),
    changes: changes.map((change) => ({ ...change, make: watched(change.make) })),
    state: state === undefined ? undefined : { ...state, read: watched(state.read) },
    held: held === undefined ? undefined : { ...held, changes: watched(held.changes) },
  };
}
