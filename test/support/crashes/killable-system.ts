import { success } from '../../../sinks/remote/outcome.ts';
import { NOTHING_GAINED, type System, type Verb } from '../../../sinks/remote/system.ts';
import type { ErpAndLedger } from './erp-and-ledger.ts';
import { killableCall } from './killable-call.ts';
import type { Life } from './lives.ts';

const NO_CALLS = { ask: [], search: undefined, create: undefined, changes: [], state: undefined };

/** An ERP that is well or ill by plan, and keeps to what is promised of one. */
export function killableSystem(life: Life, outside: ErpAndLedger): System {
  const ask = killableCall(life);
  const gained = { ...NOTHING_GAINED, gives: { available: 3 } };
  const check: Verb = {
    ...{ ...NO_CALLS, kind: 'query' },
    ask: [(_, call) => ask(call, () => gained)],
  };
  const reserve: Verb = {
    ...{ kind: 'effect', ask: [(_, call) => ask(call, () => gained)] },
    search: ({ command }, call) =>
      ask(call, () =>
        outside.find(command.key).map(({ remote }) => ({ remote, ...NOTHING_GAINED })),
      ),
    create: ({ command }, call) =>
      ask(call, () => ({ remote: outside.create(command), ...NOTHING_GAINED })),
    changes: [
      {
        changes: true,
        wasMade: ({ remote }, call) => ask(call, () => outside.object(remote ?? '').submitted > 0),
        make: ({ remote, command }, call) =>
          ask(call, () => {
            outside.submit(remote ?? '', command.id);
            return NOTHING_GAINED;
          }),
      },
    ],
    state: {
      ...{ final: new Set(['picked', 'released']), every: 10_000 },
      async read(_, remote, call) {
        const seen = await ask(call, () => outside.state(remote));
        if (seen.kind !== 'ok') return seen;
        return success({ word: seen.value, status: seen.value, note: null });
      },
    },
  };
  const release: Verb = {
    ...{ ...NO_CALLS, kind: 'effect' },
    changes: [
      {
        changes: true,
        wasMade: ({ remote }, call) => ask(call, () => outside.object(remote ?? '').released > 0),
        make: ({ remote, command }, call) =>
          ask(call, () => {
            outside.release(remote ?? '', command.id);
            return NOTHING_GAINED;
          }),
      },
    ],
  };
  return {
    name: 'erp',
    verbs: new Map(Object.entries({ check, reserve, release })),
    without: (verb) => `no ${verb}`,
  };
}
