import type { Command } from '../../operators/model/command.ts';
import { openEntry } from './attempt.ts';
import { type CommandEntry, newCommandEntry } from './command-entry.ts';
import type { CommandReader, StoredCommand } from './command-reader.ts';
import { pollState, reportReply } from './command-reply.ts';
import type { StepResult } from './context.ts';
import { type CommandContext, type CommandDelivery, deliverCommand } from './deliver-command.ts';
import { recordTrouble } from './delivery-loop.ts';
import { type CommandLedger, commandName } from './ledger.ts';
import { type LowWaterMark, openLowWater } from './low-water.ts';
import { createTurns, POLL, rankOf, type Task, type Turns } from './turns.ts';

export type CommandLoopOptions = {
  readonly commands: Omit<CommandReader, 'from'>;
  readonly ledger: CommandLedger;
  readonly context: Omit<CommandContext, 'watch'>;
  /** Whether a command is for the system of this loop: others on its subject are passed over. */
  readonly isMine: (system: string) => boolean;
  /** What a low water is of, beside the stream: see `openLowWater`. */
  readonly of: string;
  readonly width: number;
  readonly retry: { readonly first: number; readonly most: number };
  /** Told which commands are over. */
  readonly onLowWater?: (mark: LowWaterMark) => void;
  /** Given what looks at the object of a command at once. */
  readonly onLooking?: (look: (id: string) => Promise<void>) => Promise<void>;
};

/** A command that is to be carried out. `sequence`: its place in the stream, null for one that a person asked for again. */
type Pending = { readonly command: Command; readonly sequence: number | null };

/** A loop at work. */
type Loop = CommandLoopOptions & {
  readonly turns: Turns<Pending>;
  readonly low: LowWaterMark;
  /** Commands whose objects are looked at, by id, under the id of their lane. */
  readonly watched: Map<string, Set<string>>;
};

/**
 * Carries every command to one system out and looks at what becomes of its objects, until the signal of the context
 * aborts; then it ends what is under way. Commands of one request and step run strictly one after the other, and so does
 * what undoes them.
 */
export async function runCommandLoop(options: CommandLoopOptions): Promise<void> {
  const { commands, ledger, context, width, retry, of } = options;
  const { signal, timing } = context;
  const low = await openLowWater(ledger, `${commands.stream} ${of}`);
  options.onLowWater?.(low);
  const turns = createTurns<Pending>({
    ...{ width, retry },
    // A place is free for what is urgent, whatever else waits for an answer; and one for what is no poll.
    limits: [
      { from: 1, places: Math.max(1, width - 1) },
      { from: POLL, places: Math.max(1, width - 2) },
    ],
    step: (lane, task) => nextStep(lane, task, loop),
    trouble: (lane, error) => recordTrouble(context, `commands of ${lane}`)(error),
  });
  const loop: Loop = { ...options, turns, low, watched: new Map() };
  for (const id of await ledger.watched()) await resumeWatch(id, loop);
  await options.onLooking?.((id) => resumeWatch(id, loop));
  await findResends(loop);
  const timer = setInterval(() => {
    findResends(loop).catch(recordTrouble(context, 'commands to be sent again'));
    low.keep().catch(recordTrouble(context, 'the low water of commands'));
  }, timing.every);

  await commands.follow(low.from, {
    signal,
    onCaughtUp: () => turns.lanes.start(),
    onTrouble: recordTrouble(context, 'the stream of commands'),
    onCommand: (stored) => takeIn(stored, loop),
  });
  clearInterval(timer);
  await turns.lanes.stop();
  await low.keep().catch(recordTrouble(context, 'the low water of commands'));
}

async function takeIn(stored: StoredCommand, loop: Loop): Promise<void> {
  const { isMine, context, low, turns } = loop;
  const { sequence } = stored;
  if (stored.kind === 'malformed') {
    // To nobody's system, or of a sender that is newer: nothing can be said to its workflow, whose deadline will.
    const { subject, note } = stored;
    if (isMine(subject.split('.')[1] ?? '')) {
      context.record({ kind: 'command-malformed', subject, note });
    }
    low.begin(sequence);
    low.end(sequence);
    return;
  }
  const { command } = stored;
  if (!isMine(command.system)) {
    // Nothing to do here: the next start need not read it again.
    low.begin(sequence);
    low.end(sequence);
    return;
  }
  const lane = await laneOf(command, loop);
  const { pending } = turns.task(lane);
  if (!pending.some((one) => one.sequence === sequence)) {
    low.begin(sequence);
    pending.push({ command, sequence });
  }
  turns.want(lane, rankOf(command.priority));
}

/** A command and what undoes it are in one lane, whatever step the latter is of. */
async function laneOf(command: Command, { commands }: Loop): Promise<string> {
  const { undoes, system } = command;
  const undone = undoes === null ? undefined : await commands.read(undoes);
  return laneName(undone?.system === system ? undone : command);
}

function laneName({ request, step }: Pick<Command, 'request' | 'step'>): string {
  return `${request}/${step}`;
}

async function resumeWatch(id: string, loop: Loop): Promise<void> {
  const { ledger, turns } = loop;
  const { entry } = await ledger.get(watchedName(id, loop));
  // Killed after it was to be watched and before it was done: it is in the stream still.
  if (entry === undefined || entry.outcome !== 'done') return;
  watch(entry, loop);
  turns.want(laneName(entry), POLL);
}

function watchedName(id: string, { context }: Loop): string {
  return commandName({ system: context.system.name, id });
}

function watch(entry: CommandEntry, { watched }: Loop): void {
  const lane = laneName(entry);
  watched.set(lane, (watched.get(lane) ?? new Set()).add(entry.id));
}

async function unwatch(lane: string, id: string, { watched, ledger }: Loop): Promise<void> {
  await ledger.unwatch(id);
  watched.get(lane)?.delete(id);
  if (watched.get(lane)?.size === 0) watched.delete(lane);
}

/** What a person asked for is done first of all, but in its lane behind what waits there. */
async function findResends(loop: Loop): Promise<void> {
  const { ledger, commands, turns } = loop;
  for (const id of await ledger.resends()) {
    const command = await commands.read(id);
    if (command === undefined) {
      await ledger.resent(id);
      continue;
    }
    const lane = await laneOf(command, loop);
    const { pending } = turns.task(lane);
    if (pending.some((one) => one.sequence === null && one.command.id === id)) continue;
    pending.push({ command, sequence: null });
    turns.want(lane, 0);
  }
}

/** The next thing to do in a lane: its oldest command, or a look at what became of its objects. */
async function nextStep(lane: string, { pending }: Task<Pending>, loop: Loop): Promise<StepResult> {
  const [head] = pending;
  if (head === undefined) return lookAtObjects(lane, loop);
  const { command, sequence } = head;
  const { ledger, low, context } = loop;
  const known = await ledger.get(commandName(command));
  const handle = openEntry(ledger, known.entry ?? newCommandEntry(command), known.version);
  const resend = sequence === null;
  if (handle.entry.outcome !== null && !resend) await reportReply(handle, context);
  else {
    const undone = await undoneBy(command, ledger);
    const delivery = { command, resend, end: endOf(head, pending), undone };
    const step = await deliverCommand(delivery, handle, {
      ...context,
      watch: (id) => ledger.watch(id),
    });
    if (step.kind !== 'done') return step;
  }
  await follow(lane, handle.entry, loop);
  if (resend) await ledger.resent(command.id);
  pending.shift();
  if (sequence !== null) low.end(sequence);
  return { kind: 'done' };
}

/** A command is over: its object is watched from now on, or that of what it has undone no longer is. */
async function follow(lane: string, entry: CommandEntry, loop: Loop): Promise<void> {
  const { outcome, undoes } = entry;
  if (outcome === 'done' && undoes !== null) await unwatch(lane, undoes, loop);
  const state = loop.context.system.verbs.get(entry.verb)?.state;
  if (outcome !== 'done' || state === undefined) return;
  if (entry.state === null || !state.final.has(entry.state)) watch(entry, loop);
}

async function undoneBy(
  { undoes, system }: Command,
  ledger: CommandLedger,
): Promise<CommandEntry | undefined> {
  if (undoes === null) return undefined;
  return (await ledger.get(commandName({ system, id: undoes }))).entry;
}

/** Whether a later command of its lane takes it back, or stands in its place. What undoes something is never replaced. */
function endOf({ command }: Pending, pending: readonly Pending[]): CommandDelivery['end'] {
  const { id, request, step, n } = command;
  let end: CommandDelivery['end'] = null;
  for (const { command: other } of pending) {
    if (other.undoes === id) return 'undone';
    if (other.undoes !== null || command.undoes !== null || other.n <= n) continue;
    if (other.request === request && other.step === step) end = 'superseded';
  }
  return end;
}

/** Looks at every object of a lane once. */
async function lookAtObjects(lane: string, loop: Loop): Promise<StepResult> {
  const { ledger, context, watched } = loop;
  let next = Number.POSITIVE_INFINITY;
  for (const id of [...(watched.get(lane) ?? [])]) {
    const { entry, version } = await ledger.get(watchedName(id, loop));
    const state = context.system.verbs.get(entry?.verb ?? '')?.state;
    if (entry === undefined || state === undefined) {
      await unwatch(lane, id, loop);
      continue;
    }
    const handle = openEntry(ledger, entry, version);
    const over = await pollState(handle, context, state, () => isGone(entry, loop));
    if (over) await unwatch(lane, id, loop);
    else next = Math.min(next, state.every);
  }
  return Number.isFinite(next) ? { kind: 'again', atLeast: next } : { kind: 'done' };
}

/** Whether a search, which the system itself must have answered, does not find the object of a command any more. */
async function isGone({ id, verb, values }: CommandEntry, loop: Loop): Promise<boolean> {
  const { commands, context } = loop;
  const command = await commands.read(id);
  const search = context.system.verbs.get(verb)?.search;
  if (command === undefined || search === undefined) return false;
  const subject = { command, remote: null, values };
  const found = await search(subject, { priority: 'poll', signal: context.signal });
  return found.kind === 'ok' && found.value.length === 0;
}
