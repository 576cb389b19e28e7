import type { Request } from '../../operators/model/request.ts';
import { type Call, createCaller } from './caller.ts';
import type { CmmsConfig } from './config.ts';
import { createRemote } from './create.ts';
import { type Outcome, ok } from './outcome.ts';
import { readStatus, type Seen } from './read-status.ts';
import { searchByKey } from './search.ts';
import type { Environment } from './secret.ts';
import { writeRevision } from './write.ts';

/** `written` now, `present` from an earlier attempt, or `passed-over`: the configuration says nothing of this action. */
export type Written = 'written' | 'present' | 'passed-over';

/** A system that takes maintenance requests. One call each, never repeated in here: who repeats must know why. */
export interface Cmms {
  readonly name: string;
  search(request: Request, call: Call): Promise<Outcome<readonly string[]>>;
  create(request: Request, call: Call): Promise<Outcome<string>>;
  /** Carries the revision's action out on the object that exists; `open` is written as `update` is. */
  write(request: Request, remote: string, call: Call): Promise<Outcome<Written>>;
  /** Undefined when the configuration does not say where the status is. */
  readonly status: ((id: string, remote: string, call: Call) => Promise<Outcome<Seen>>) | undefined;
}

/** A CMMS with an HTTP interface, as its configuration describes it. Throws when a secret is not there. */
export function createCmms(config: CmmsConfig, environment: Environment): Cmms {
  const caller = createCaller(config, environment);
  const { status } = config;
  return {
    name: config.name,
    search: (request, call) => searchByKey(caller, config.search, request, call),
    create: (request, call) => createRemote(caller, config.create, request, call),
    async write(request, remote, call) {
      const write = config[request.action === 'open' ? 'update' : request.action];
      if (write === undefined) return ok('passed-over');
      const outcome = await writeRevision(caller, write, request, remote, call);
      if (outcome.kind !== 'ok') return outcome;
      return ok(outcome.value ? 'written' : 'present');
    },
    status:
      status === undefined
        ? undefined
        : (id, remote, call) => readStatus(caller, status, id, remote, call),
  };
}
