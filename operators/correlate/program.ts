import type { Duration } from '../model/time.ts';
import {
  type AbsenceEnds,
  ALWAYS,
  type AutomatonBuilder,
  type AutomatonState,
  addFinalState,
  addState,
  addTransition,
  both,
  copyState,
  createBuilder,
  type Guard,
  type GuardOf,
  not,
  stopStateOf,
  yieldTo,
} from './automaton.ts';
import {
  allStages,
  findRefusal,
  isAbsent,
  type Pattern,
  type PatternStage,
  type Quantity,
  quantityOf,
  type Skip,
  shortestWithin,
} from './pattern.ts';
import { createTransitionTable, type Predicate, type TransitionTable } from './transitions.ts';

/** A pattern compiled into an automaton, ready to run. */
export type PatternProgram<E> = {
  readonly states: readonly AutomatonState[];
  readonly start: number;
  readonly within: Duration | null;
  readonly skip: Skip;
  readonly transitions: TransitionTable<E>;
  /** Time alone can end or complete a match. */
  readonly timed: boolean;
  /** The match that began first need not time out first: states have gaps of their own, or wait for an absence. */
  readonly staggered: boolean;
  /** Some stage must follow at once, so that every event counts. */
  readonly strict: boolean;
};

type CompilePredicate<E> = (
  condition: string,
  stage: PatternStage,
  which: 'condition' | 'until',
) => Predicate<E>;

/** Compiles a pattern, or says in one sentence why it cannot run. `ends`: as in Flink CEP, if it is not said. */
export function buildProgram<E>(
  pattern: Pattern,
  compile: CompilePredicate<E>,
  ends: AbsenceEnds = 'match',
): PatternProgram<E> | { readonly refused: string } {
  const refused = findRefusal(pattern);
  if (refused !== undefined) return { refused };
  const predicates: Predicate<E>[] = [];
  const known = new Map<PatternStage, Partial<Record<'condition' | 'until', Guard>>>();
  const guardOf: GuardOf = (stage, which) => {
    const text = stage[which];
    if (text === undefined) return ALWAYS;
    const guards = known.get(stage) ?? {};
    known.set(stage, guards);
    guards[which] ??= {
      kind: 'condition',
      condition: predicates.push(compile(text, stage, which)) - 1,
    };
    return guards[which];
  };
  const within = shortestWithin(pattern.stages);
  const builder = createBuilder(guardOf, within !== null, ends);
  const { states } = builder;
  const start = buildAutomaton(builder, pattern.stages);
  const transitions = createTransitionTable(states, predicates, ends);
  const strict = allStages(pattern.stages).some(({ contiguity, quantifier }) => {
    return contiguity === 'strict' || contiguity === 'notNext' || quantifier?.inner === 'strict';
  });
  const timed = within !== null || states.some(({ gap }) => gap !== null);
  const staggered = states.some(({ gap, kind }) => gap !== null || kind === 'pending');
  const { skip } = pattern;
  return { states, start: start.number, within, skip, transitions, timed, staggered, strict };
}

/**
 * Turns stages into states, from the last to the first, as Flink CEP does it: its answers depend on which transitions
 * exist and in which order. The answer is the first state.
 */
function buildAutomaton(builder: AutomatonBuilder, stages: readonly PatternStage[]) {
  return addSequence(builder, stages, addFinalState(builder), undefined, undefined);
}

/** A stage in its sequence, with the stage that comes next and the group around it. */
type Position = {
  readonly sequence: readonly PatternStage[];
  readonly index: number;
  readonly stage: PatternStage;
  readonly next: PatternStage | undefined;
  readonly enclosing: Enclosing | undefined;
};

/** `again`: this is not the first repetition of the group. */
type Enclosing = { readonly group: PatternStage; readonly again: boolean };

/** Adds stages that lead to `target`; the answer is their first state. */
function addSequence(
  builder: AutomatonBuilder,
  sequence: readonly PatternStage[],
  target: AutomatonState,
  after: PatternStage | undefined,
  enclosing: Enclosing | undefined,
): AutomatonState {
  let first = target;
  for (let index = sequence.length - 1; index >= 0; index -= 1) {
    const stage = sequence[index];
    if (stage === undefined) continue;
    const position = { sequence, index, stage, next: sequence[index + 1] ?? after, enclosing };
    first = isAbsent(stage)
      ? addAbsence(builder, position, first)
      : addPresence(builder, position, first);
  }
  return first;
}

function addAbsence(
  builder: AutomatonBuilder,
  position: Position,
  target: AutomatonState,
): AutomatonState {
  const { stage } = position;
  const seen = takeGuard(builder, position, stage);
  if (stage.contiguity === 'notFollowedBy') {
    const timed = builder.timed || stage.within_previous !== undefined;
    if (target.kind !== 'final' || !timed) return target;
    const pending = addState(builder, stage, 'pending', true);
    addTransition(pending, 'proceed', stopStateOf(builder, stage.name, seen), seen);
    addTransition(pending, 'ignore', pending, not(seen));
    return pending;
  }
  const state = addState(builder, stage, 'normal', true);
  const stop = stopStateOf(builder, stage.name, seen);
  // At the end the event that was not the forbidden one completes the match, untaken.
  addTransition(state, target.kind === 'final' ? 'ignore' : 'proceed', target, not(seen));
  addTransition(state, 'proceed', stop, seen);
  return state;
}

function addPresence(
  builder: AutomatonBuilder,
  position: Position,
  target: AutomatonState,
): AutomatonState {
  const first = addStage(builder, position, target, quantityOf(position.stage));
  for (const absent of absentBefore(position)) addStop(builder, position, first, absent);
  return first;
}

function addStage(
  builder: AutomatonBuilder,
  position: Position,
  target: AutomatonState,
  quantity: Quantity,
): AutomatonState {
  if (quantity.kind === 'times') return addTimes(builder, position, target, target, quantity);
  if (quantity.kind === 'loop') {
    const loop = addLoop(builder, position, withoutAbsences(builder, position, target), quantity);
    return addTimes(builder, position, loop, target, quantity);
  }
  return addRepetition(builder, position, quantity, false, {
    ...{ target, onward: target, optional: quantity.optional },
    take: takeGuard(builder, position, position.stage),
    ignore: ignoreGuard(builder, position, firstContiguity(position)),
  });
}

/** The least repetitions must come, the others may: each of those can go on without. */
function addTimes(
  builder: AutomatonBuilder,
  position: Position,
  target: AutomatonState,
  onward: AutomatonState,
  quantity: Quantity,
): AutomatonState {
  const { stage } = position;
  const { least, most, greedy } = quantity;
  const take = untilGuard(builder, stage, takeGuard(builder, position, stage));
  const inner = ignoreGuard(builder, position, innerContiguity(position));
  const ignore = inner === undefined ? undefined : untilGuard(builder, stage, inner);
  if (greedy && least !== most) {
    if (stage.until !== undefined) builder.beforeYield.set(target, copyState(builder, target));
    yieldTo(target, take);
  }
  let first = target;
  for (let made = 0; made < most - 1; made += 1) {
    const optional = made < most - least;
    const rest = { target: first, onward: optional ? onward : undefined };
    first = addRepetition(builder, position, quantity, true, { ...rest, take, ignore, optional });
    stopAtNextAbsence(builder, position, first);
  }
  return addRepetition(builder, position, quantity, false, {
    ...{ target: first, onward, take, optional: quantity.optional },
    ignore: ignoreGuard(builder, position, firstContiguity(position)),
  });
}

type Repetition = {
  readonly target: AutomatonState;
  /** Where an optional repetition goes on without an event. */
  readonly onward: AutomatonState | undefined;
  readonly take: Guard;
  readonly ignore: Guard | undefined;
  readonly optional: boolean;
};

/** One repetition. An optional one that let an event pass may no longer be left out for the same event. */
function addRepetition(
  builder: AutomatonBuilder,
  position: Position,
  quantity: Quantity,
  again: boolean,
  repetition: Repetition,
): AutomatonState {
  const { stage } = position;
  const { onward, take, ignore, optional } = repetition;
  if (stage.group !== undefined) {
    const enclosing = { group: stage, again };
    const head = addSequence(builder, stage.group, repetition.target, position.next, enclosing);
    if (optional && onward !== undefined) {
      addTransition(head, 'proceed', onward, groupGuard(builder, position, ALWAYS));
    }
    return head;
  }
  const state = addState(builder, stage, 'normal', true);
  const target = withoutAbsences(builder, position, repetition.target);
  addTransition(state, 'take', target, take);
  if (optional && onward !== undefined) {
    addProceed(builder, position, state, onward, quantity.greedy);
  }
  if (ignore === undefined) return state;
  const separate = optional || opensOptionalGroup(position);
  const waiting = separate ? addState(builder, stage, 'normal', false) : state;
  if (waiting !== state) {
    addTransition(waiting, 'take', target, take);
    addTransition(waiting, 'ignore', waiting, ignore);
    // In Flink CEP an absence before a range holds between its repetitions, too.
    const absent = again && builder.ends === 'wait' ? [] : absentBefore(position);
    for (const each of absent) addStop(builder, position, waiting, each);
  }
  addTransition(state, 'ignore', waiting, ignore);
  return state;
}

/** Without an upper bound: after each event back to the same state, or on. */
function addLoop(
  builder: AutomatonBuilder,
  position: Position,
  target: AutomatonState,
  { greedy }: Quantity,
): AutomatonState {
  const { stage } = position;
  if (stage.group !== undefined) {
    const joint = addState(builder, stage, 'normal', true);
    const enclosing = { group: stage, again: true };
    const head = addSequence(builder, stage.group, joint, position.next, enclosing);
    addTransition(head, 'proceed', target, groupGuard(builder, position, ALWAYS));
    addTransition(joint, 'proceed', head, groupGuard(builder, position, ALWAYS));
    return joint;
  }
  const inner = ignoreGuard(builder, position, innerContiguity(position));
  const ignore = inner === undefined ? undefined : untilGuard(builder, stage, inner);
  const take = untilGuard(builder, stage, takeGuard(builder, position, stage));
  const loop = addState(builder, stage, 'normal', true);
  if (greedy && stage.until !== undefined) {
    builder.beforeYield.set(target, copyState(builder, target));
  }
  addProceed(builder, position, loop, target, greedy);
  if (greedy) yieldTo(target, takeGuard(builder, position, stage));
  addTransition(loop, 'take', loop, take);
  stopAtNextAbsence(builder, position, loop);
  if (ignore === undefined) return loop;
  const waiting = addState(builder, stage, 'normal', false);
  addTransition(waiting, 'take', loop, take);
  addTransition(waiting, 'ignore', waiting, ignore);
  addTransition(loop, 'ignore', waiting, ignore);
  stopAtNextAbsence(builder, position, waiting);
  return loop;
}

function addProceed(
  builder: AutomatonBuilder,
  position: Position,
  state: AutomatonState,
  onward: AutomatonState,
  greedy: boolean,
): void {
  const guard = groupGuard(builder, position, ALWAYS);
  if (!greedy || position.stage.until === undefined) {
    addTransition(state, 'proceed', onward, guard);
    return;
  }
  const until = builder.guardOf(position.stage, 'until');
  const free = builder.beforeYield.get(onward);
  if (free !== undefined) addTransition(state, 'proceed', free, both(guard, until));
  addTransition(state, 'proceed', onward, both(guard, not(until)));
}

function addStop(
  builder: AutomatonBuilder,
  position: Position,
  state: AutomatonState,
  absent: PatternStage,
): void {
  const seen = takeGuard(builder, position, absent);
  addTransition(state, 'proceed', stopStateOf(builder, absent.name, seen), seen);
}

/** In Flink CEP an absence holds between the repetitions before it, too. */
function stopAtNextAbsence(
  builder: AutomatonBuilder,
  position: Position,
  state: AutomatonState,
): void {
  if (builder.ends === 'wait') return;
  const { next } = position;
  if (next?.contiguity === 'notFollowedBy') addStop(builder, position, state, next);
}

/** What must be absent until this stage: right before it, or before optional stages right before it. */
function absentBefore({ sequence, index }: Position): readonly PatternStage[] {
  const absent: PatternStage[] = [];
  for (let before = index - 1; before >= 0; before -= 1) {
    const stage = sequence[before];
    if (stage === undefined) break;
    if (stage.contiguity === 'notFollowedBy') absent.push(stage);
    else if (!quantityOf(stage).optional) break;
  }
  return absent;
}

/** An optional stage that took its event ends the absences before it: what follows no longer asks for them. */
function withoutAbsences(
  builder: AutomatonBuilder,
  position: Position,
  target: AutomatonState,
): AutomatonState {
  const absent = absentBefore(position).map(({ name }) => name);
  if (absent.length === 0 || !quantityOf(position.stage).optional) return target;
  return copyState(builder, target, ({ action, to }) => {
    if (action !== 'proceed') return to;
    if (to.kind === 'stop') return absent.includes(to.stage) ? undefined : to;
    return withoutAbsences(builder, position, to);
  });
}

/** The guard, unless the loop of the group around is over. */
function groupGuard({ guardOf }: AutomatonBuilder, { enclosing }: Position, guard: Guard): Guard {
  const group = enclosing?.group;
  return group?.until === undefined ? guard : both(not(guardOf(group, 'until')), guard);
}

function takeGuard(builder: AutomatonBuilder, position: Position, stage: PatternStage): Guard {
  return groupGuard(builder, position, builder.guardOf(stage, 'condition'));
}

function untilGuard({ guardOf }: AutomatonBuilder, stage: PatternStage, guard: Guard): Guard {
  return stage.until === undefined ? guard : both(not(guardOf(stage, 'until')), guard);
}

function ignoreGuard(
  builder: AutomatonBuilder,
  position: Position,
  contiguity: PatternStage['contiguity'],
): Guard | undefined {
  if (contiguity === 'relaxedAny') return groupGuard(builder, position, ALWAYS);
  if (contiguity !== 'relaxed') return undefined;
  return groupGuard(builder, position, not(builder.guardOf(position.stage, 'condition')));
}

/** The first stage of a group follows as the group follows, or as the group repeats. */
function firstContiguity({ stage, index, enclosing }: Position): PatternStage['contiguity'] {
  if (enclosing === undefined || index > 0) return stage.contiguity;
  return enclosing.again ? quantityOf(enclosing.group).inner : enclosing.group.contiguity;
}

function innerContiguity({ stage, index, enclosing }: Position): PatternStage['contiguity'] {
  return quantityOf(enclosing !== undefined && index === 0 ? enclosing.group : stage).inner;
}

function opensOptionalGroup({ index, enclosing }: Position): boolean {
  if (enclosing === undefined || index > 0 || enclosing.again) return false;
  return quantityOf(enclosing.group).optional;
}
