import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '../../../operators/model/command.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { runCommandLoop } from '../../../pipelines/systems/command-loop.ts';
import type { CommandReader } from '../../../pipelines/systems/command-reader.ts';
import type { CommandLedger } from '../../../pipelines/systems/ledger.ts';
import type { DeliveryPlan } from './delivery-schedule.ts';
import type { ErpAndLedger } from './erp-and-ledger.ts';
import { SETTLE, TIMEOUT } from './killable-call.ts';
import { killableSystem } from './killable-system.ts';
import { type Life, runLives } from './lives.ts';

/** A command, and how many milliseconds after the beginning it is in the stream. */
export type CommandArrival = { readonly at: number; readonly command: Command };

const EVERY = 5_000;
const WIDTH = 3;

/** Lives of whoever carries commands out, one after the other, until all are over and all that became of them is said. */
export function runCommands(
  lives: readonly DeliveryPlan[],
  arrivals: readonly CommandArrival[],
  outside: ErpAndLedger,
): Promise<{ readonly ends: readonly string[]; readonly recorded: readonly InternalEvent[] }> {
  return runLives(lives, arrivals, (life) => carryOut(life, arrivals.length, outside));
}

async function carryOut(life: Life, all: number, outside: ErpAndLedger): Promise<void> {
  const { stop, nats, record } = life;
  await runCommandLoop({
    ...{ width: WIDTH, retry: { first: 500, most: 10_000 }, of: '' },
    commands: readerOf(life, all, outside),
    ledger: ledgerOf(nats, outside),
    isMine: (system) => system === 'erp',
    context: {
      ...{ signal: stop.signal, partitions: 1, now: Date.now, record },
      system: killableSystem(life, outside),
      log: {
        // By producer and sequence the pipeline knows a repeat.
        publish: (_, payload, { headers }) =>
          nats(() => {
            const id = `${headers.get('Andon-Producer')}/${headers.get('Andon-Sequence')}`;
            outside.publish(id, payload);
          }),
        time: async () => Date.now(),
      },
      timing: { timeout: TIMEOUT, settle: SETTLE, every: EVERY, faults: 50 },
    },
  });
}

function ledgerOf(nats: Life['nats'], outside: ErpAndLedger): CommandLedger {
  return {
    all: () => nats(() => outside.entries),
    get: (name) => nats(() => structuredClone(outside.held(name))),
    put: (entry, version) => nats(() => outside.put(entry, version)),
    resends: async () => [],
    resent: async () => {},
    watched: () => nats(() => [...outside.watched]),
    watch: (id) => nats(() => void outside.watched.add(id)),
    unwatch: (id) => nats(() => void outside.watched.delete(id)),
    lowWater: () => nats(() => outside.low),
    keepLowWater: (low) =>
      nats(() => {
        outside.low = low;
      }),
  };
}

function readerOf(
  { there, nats, stop, random, plan }: Life,
  all: number,
  outside: ErpAndLedger,
): Omit<CommandReader, 'from'> {
  const arrived = there as () => readonly CommandArrival[];
  return {
    stream: 'memory',
    read: (id) => nats(() => arrived().find(({ command }) => command.id === id)?.command),
    async follow(from, { signal, onCommand, onCaughtUp, onTrouble }) {
      for (let next = from - 1; !signal.aborted; ) {
        try {
          const batch = arrived().slice(next, next + 1 + Math.floor(random() * plan.batch));
          for (const { command } of batch) {
            await onCommand({ kind: 'command', command, sequence: next + 1 });
            next += 1;
          }
          if (next >= arrived().length) onCaughtUp();
          if (next === all && isDone(outside, all)) stop.abort(new Error('finished'));
        } catch (error) {
          onTrouble(error instanceof Error ? error : new Error(String(error)));
        }
        await delay(250, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** All commands are over, nothing is looked at any more, and every reply is in the log. */
function isDone({ entries, watched }: ErpAndLedger, commands: number): boolean {
  const over = entries.filter(({ outcome, unreported }) => outcome !== null && unreported === null);
  return over.length === commands && entries.length === commands && watched.size === 0;
}
