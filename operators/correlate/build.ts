import {
  connect,
  copyPlace,
  finalPlace,
  openWorkshop,
  type Place,
  placeOf,
  stopPlace,
  type Workshop,
  yieldTo,
} from './automaton.ts';
import type { PatternStage } from './pattern.ts';
import { isAbsent, type Quantity, quantityOf } from './quantity.ts';
import { ALWAYS, both, not, type Test } from './verdict.ts';

/** The conditions of a stage by number. */
export type Atoms = (stage: PatternStage, which: 'condition' | 'until') => Test;

/** A stage where it stands: its line of stages, what comes after, and the group around the line. */
type Seat = {
  readonly line: readonly PatternStage[];
  readonly index: number;
  readonly stage: PatternStage;
  readonly next: PatternStage | undefined;
  readonly around: Around | undefined;
};

/** `again`: this is not the first repetition of the group. */
type Around = { readonly group: PatternStage; readonly again: boolean };

type Job = { readonly shop: Workshop; readonly atoms: Atoms; readonly timed: boolean };

type Repetition = {
  readonly sink: Place;
  readonly onward: Place | undefined;
  readonly take: Test;
  readonly ignore: Test | undefined;
  readonly optional: boolean;
};

/**
 * Turns stages into places, from the last to the first, as Flink CEP does it: its answers depend on which ways
 * exist and in which order. `timed`: the pattern has a `within`.
 */
export function buildAutomaton(
  stages: readonly PatternStage[],
  atoms: Atoms,
  timed: boolean,
): { readonly places: readonly Place[]; readonly start: Place } {
  const shop = openWorkshop();
  const job: Job = { shop, atoms, timed };
  const start = lineOf(job, stages, finalPlace(shop), undefined, undefined);
  return { places: shop.places, start };
}

function lineOf(
  job: Job,
  line: readonly PatternStage[],
  sink: Place,
  after: PatternStage | undefined,
  around: Around | undefined,
): Place {
  let first = sink;
  for (let index = line.length - 1; index >= 0; index -= 1) {
    const stage = line[index];
    if (stage === undefined) continue;
    const seat = { line, index, stage, next: line[index + 1] ?? after, around };
    first = isAbsent(stage) ? absence(job, seat, first) : presence(job, seat, first);
  }
  return first;
}

function absence(job: Job, seat: Seat, sink: Place): Place {
  const { shop } = job;
  const { stage } = seat;
  const seen = takeTest(job, seat, stage);
  if (stage.contiguity === 'notFollowedBy') {
    const atEnd = sink.kind === 'final' && (job.timed || stage.within_previous !== undefined);
    if (!atEnd) return sink;
    const pending = placeOf(shop, stage, 'pending', true);
    connect(pending, 'proceed', stopPlace(shop, stage.name, seen), seen);
    connect(pending, 'ignore', pending, not(seen));
    return pending;
  }
  const here = placeOf(shop, stage, 'normal', true);
  const stop = stopPlace(shop, stage.name, seen);
  // At the end the event that was not the forbidden one completes the match, untaken.
  connect(here, sink.kind === 'final' ? 'ignore' : 'proceed', sink, not(seen));
  connect(here, 'proceed', stop, seen);
  return here;
}

function presence(job: Job, seat: Seat, sink: Place): Place {
  const quantity = quantityOf(seat.stage);
  const first = repeated(job, seat, sink, quantity);
  for (const stage of absentBefore(seat)) {
    const seen = takeTest(job, seat, stage);
    connect(first, 'proceed', stopPlace(job.shop, stage.name, seen), seen);
  }
  return first;
}

function repeated(job: Job, seat: Seat, sink: Place, quantity: Quantity): Place {
  if (quantity.kind === 'times') return times(job, seat, sink, sink, quantity);
  if (quantity.kind === 'loop') {
    const loop = looping(job, seat, withoutAbsences(job, seat, sink), quantity);
    return times(job, seat, loop, sink, quantity);
  }
  return single(job, seat, quantity, false, {
    ...{ sink, onward: sink, optional: quantity.optional },
    take: takeTest(job, seat, seat.stage),
    ignore: ignoreTest(job, seat, firstStrategy(seat)),
  });
}

/** The least repetitions must come, the others may: each of those can go on without. */
function times(job: Job, seat: Seat, sink: Place, onward: Place, quantity: Quantity): Place {
  const { shop } = job;
  const { least, most, greedy } = quantity;
  const take = untilTest(job, seat, takeTest(job, seat, seat.stage));
  const inner = ignoreTest(job, seat, innerStrategy(seat));
  const ignore = inner === undefined ? undefined : untilTest(job, seat, inner);
  if (greedy && least !== most) {
    if (seat.stage.until !== undefined) shop.unhindered.set(sink, copyPlace(shop, sink));
    yieldTo(sink, take);
  }
  let first = sink;
  for (let made = 0; made < most - 1; made += 1) {
    const optional = made < most - least;
    const rest = { sink: first, onward: optional ? onward : undefined };
    first = single(job, seat, quantity, true, { ...rest, take, ignore, optional });
    stopInLoop(job, seat, first);
  }
  return single(job, seat, quantity, false, {
    ...{ sink: first, onward, take, optional: quantity.optional },
    ignore: ignoreTest(job, seat, firstStrategy(seat)),
  });
}

/** One repetition. An optional one that let an event pass may no longer be left out for the same event. */
function single(
  job: Job,
  seat: Seat,
  quantity: Quantity,
  again: boolean,
  repetition: Repetition,
): Place {
  const { shop } = job;
  const { stage } = seat;
  const { onward, take, ignore, optional } = repetition;
  if (stage.group !== undefined) {
    const around = { group: stage, again };
    const head = lineOf(job, stage.group, repetition.sink, seat.next, around);
    if (optional && onward !== undefined) connect(head, 'proceed', onward, pass(job, seat));
    return head;
  }
  const here = placeOf(shop, stage, 'normal', true);
  const sink = withoutAbsences(job, seat, repetition.sink);
  connect(here, 'take', sink, take);
  if (optional && onward !== undefined) goOn(job, seat, here, onward, quantity.greedy);
  if (ignore === undefined) return here;
  const waits = optional || opensOptionalGroup(seat) ? placeOf(shop, stage, 'normal', false) : here;
  if (waits !== here) {
    connect(waits, 'take', sink, take);
    connect(waits, 'ignore', waits, ignore);
    for (const absent of absentBefore(seat)) {
      const seen = takeTest(job, seat, absent);
      connect(waits, 'proceed', stopPlace(shop, absent.name, seen), seen);
    }
  }
  connect(here, 'ignore', waits, ignore);
  return here;
}

function goOn(job: Job, seat: Seat, here: Place, onward: Place, greedy: boolean): void {
  const open = pass(job, seat);
  if (!greedy || seat.stage.until === undefined) {
    connect(here, 'proceed', onward, open);
    return;
  }
  const until = job.atoms(seat.stage, 'until');
  const free = job.shop.unhindered.get(onward);
  if (free !== undefined) connect(here, 'proceed', free, both(open, until));
  connect(here, 'proceed', onward, both(open, not(until)));
}

function looping(job: Job, seat: Seat, sink: Place, { greedy }: Quantity): Place {
  const { shop } = job;
  const { stage } = seat;
  if (stage.group !== undefined) {
    const joint = placeOf(shop, stage, 'normal', true);
    const around = { group: stage, again: true };
    const head = lineOf(job, stage.group, joint, seat.next, around);
    connect(head, 'proceed', sink, pass(job, seat));
    connect(joint, 'proceed', head, pass(job, seat));
    return joint;
  }
  const inner = ignoreTest(job, seat, innerStrategy(seat));
  const ignore = inner === undefined ? undefined : untilTest(job, seat, inner);
  const take = untilTest(job, seat, takeTest(job, seat, stage));
  const loop = placeOf(shop, stage, 'normal', true);
  if (greedy && stage.until !== undefined) shop.unhindered.set(sink, copyPlace(shop, sink));
  goOn(job, seat, loop, sink, greedy);
  if (greedy) yieldTo(sink, takeTest(job, seat, stage));
  connect(loop, 'take', loop, take);
  stopInLoop(job, seat, loop);
  if (ignore === undefined) return loop;
  const waits = placeOf(shop, stage, 'normal', false);
  connect(waits, 'take', loop, take);
  connect(waits, 'ignore', waits, ignore);
  connect(loop, 'ignore', waits, ignore);
  stopInLoop(job, seat, waits);
  return loop;
}

function stopInLoop(job: Job, seat: Seat, place: Place): void {
  const { next } = seat;
  if (next?.contiguity !== 'notFollowedBy') return;
  const seen = takeTest(job, seat, next);
  connect(place, 'proceed', stopPlace(job.shop, next.name, seen), seen);
}

/** What must be absent until this stage: right before it, or before optional stages right before it. */
function absentBefore({ line, index }: Seat): readonly PatternStage[] {
  const found: PatternStage[] = [];
  for (let before = index - 1; before >= 0; before -= 1) {
    const stage = line[before];
    if (stage === undefined) break;
    if (stage.contiguity === 'notFollowedBy') found.push(stage);
    else if (!quantityOf(stage).optional) break;
  }
  return found;
}

/** An optional stage that took its event ends the absences before it: what follows no longer asks for them. */
function withoutAbsences(job: Job, seat: Seat, sink: Place): Place {
  const absent = absentBefore(seat).map(({ name }) => name);
  if (absent.length === 0 || !quantityOf(seat.stage).optional) return sink;
  return copyPlace(job.shop, sink, ({ action, to }) => {
    if (action !== 'proceed') return to;
    if (to.kind === 'stop') return absent.includes(to.stage) ? undefined : to;
    return withoutAbsences(job, seat, to);
  });
}

function groupUntil(job: Job, seat: Seat, test: Test): Test {
  const group = seat.around?.group;
  return group?.until === undefined ? test : both(not(job.atoms(group, 'until')), test);
}

/** Always, unless the loop of the group around is over. */
function pass(job: Job, seat: Seat): Test {
  return groupUntil(job, seat, ALWAYS);
}

function takeTest(job: Job, seat: Seat, stage: PatternStage): Test {
  return groupUntil(job, seat, job.atoms(stage, 'condition'));
}

function untilTest(job: Job, { stage }: Seat, test: Test): Test {
  return stage.until === undefined ? test : both(not(job.atoms(stage, 'until')), test);
}

function ignoreTest(job: Job, seat: Seat, strategy: PatternStage['contiguity']): Test | undefined {
  if (strategy === 'relaxedAny') return groupUntil(job, seat, ALWAYS);
  if (strategy !== 'relaxed') return undefined;
  return groupUntil(job, seat, not(job.atoms(seat.stage, 'condition')));
}

/** The first stage of a group follows as the group follows, or as the group repeats. */
function firstStrategy({ stage, index, around }: Seat): PatternStage['contiguity'] {
  if (around === undefined || index > 0) return stage.contiguity;
  return around.again ? quantityOf(around.group).inner : around.group.contiguity;
}

function innerStrategy({ stage, index, around }: Seat): PatternStage['contiguity'] {
  return quantityOf(around !== undefined && index === 0 ? around.group : stage).inner;
}

function opensOptionalGroup({ index, around }: Seat): boolean {
  return around !== undefined && index === 0 && !around.again && quantityOf(around.group).optional;
}
