import { success } from '../../../sinks/remote/outcome.ts';
import type { Cmms } from '../../../sinks/remote/remote.ts';
import type { CmmsAndLedger } from './cmms-and-ledger.ts';
import { killableCall } from './killable-call.ts';
import type { Life } from './lives.ts';

/** A CMMS that is well or ill by plan, and keeps to what is promised of one. */
export function killableCmms(life: Life, outside: CmmsAndLedger): Cmms {
  const ask = killableCall(life);
  return {
    name: 'memory',
    ...{ changes: undefined, orders: undefined, updates: true },
    statusOf: () => null,
    differences: () => [],
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
