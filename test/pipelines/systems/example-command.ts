import { randomUUID } from 'node:crypto';
import { type Command, commandId, commandKey } from '../../../operators/model/command.ts';
import { assetKey } from '../../../operators/model/key.ts';
import type { EventTime } from '../../../operators/model/time.ts';

const TIME = 1_795_330_800_000_000 as EventTime;

/** A command of a request that no other test has; id and key are made as they are made everywhere. */
export function exampleCommand(changes: Partial<Command> = {}): Command {
  const asked = {
    request: changes.request ?? freshId(),
    step: changes.step ?? 'reserve-bearing',
    n: changes.n ?? 1,
    verb: changes.verb ?? 'reserve',
  };
  return {
    kind: 'command',
    ...asked,
    id: commandId(asked),
    key: commandKey(asked),
    asset: assetKey('berlin', 'packing', 'filler-1'),
    workflow: 'bearing',
    system: 'erp',
    payload: { part: '6205-2RS', quantity: 1 },
    not_after: null,
    undoes: null,
    priority: 'high',
    because: 'a bearing is wearing out: "zone C" for 30 s',
    time: TIME,
    ...changes,
  };
}

/** What undoes a command: the next number of its step. */
export function undoOf(command: Command, verb: string, changes: Partial<Command> = {}): Command {
  const asked = { request: command.request, step: command.step, n: command.n + 1, verb };
  return {
    ...command,
    ...asked,
    id: commandId(asked),
    key: commandKey(asked),
    undoes: command.id,
    because: 'the request was withdrawn',
    ...changes,
  };
}

function freshId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 20);
}
