import type { Duration } from '../model/time.ts';
import { type PatternStage, quantityOf } from './pattern.ts';

/**
 * A state of the automaton of a pattern: where a partial match can wait. `pending`: only time completes it. `stop`:
 * what must be absent was seen. `gap`: the longest time since its last event that a match may stay here.
 */
export type AutomatonState = {
  readonly number: number;
  readonly stage: string;
  readonly kind: 'normal' | 'pending' | 'stop' | 'final';
  readonly gap: Duration | null;
  readonly transitions: Transition[];
};

/** `take`: with the event. `ignore`: past the event. `proceed`: without it, to look at the same event from there. */
export type Transition = {
  readonly action: 'take' | 'ignore' | 'proceed';
  readonly to: AutomatonState;
  guard: Guard;
};

/** When a transition is open: a formula over the conditions of the stages, which are named by their numbers. */
export type Guard =
  | { readonly kind: 'always' }
  | { readonly kind: 'condition'; readonly condition: number }
  | { readonly kind: 'not'; readonly guard: Guard }
  | { readonly kind: 'both'; readonly left: Guard; readonly right: Guard };

export const ALWAYS: Guard = { kind: 'always' };

export function not(guard: Guard): Guard {
  return guard.kind === 'not' ? guard.guard : { kind: 'not', guard };
}

export function both(left: Guard, right: Guard): Guard {
  if (left.kind === 'always') return right;
  return right.kind === 'always' ? left : { kind: 'both', left, right };
}

/** The conditions of a guard. */
export function conditionsIn(guard: Guard): readonly number[] {
  switch (guard.kind) {
    case 'always':
      return [];
    case 'condition':
      return [guard.condition];
    case 'not':
      return conditionsIn(guard.guard);
    case 'both':
      return [...conditionsIn(guard.left), ...conditionsIn(guard.right)];
  }
}

/**
 * What ends when an event comes that must be absent. `match` (as in Flink CEP): the partial match, whatever else it could
 * still do. `wait`: only waiting for what comes after the absence; a repetition before it goes on, and an event that is
 * what comes after it is that.
 */
export type AbsenceEnds = 'match' | 'wait';

/** The condition or `until` of a stage, as a guard. */
export type GuardOf = (stage: PatternStage, which: 'condition' | 'until') => Guard;

/** An automaton under construction. Names are registered: gaps depend on which state of a stage was made first. */
export type AutomatonBuilder = {
  readonly guardOf: GuardOf;
  /** The pattern has a `within`. */
  readonly timed: boolean;
  readonly ends: AbsenceEnds;
  readonly states: AutomatonState[];
  readonly names: Set<string>;
  readonly stops: Map<string, AutomatonState>;
  /** For greedy stages with `until`: a copy of the state that followed them, made before it yielded to them. */
  readonly beforeYield: Map<AutomatonState, AutomatonState>;
};

export function createBuilder(
  guardOf: GuardOf,
  timed: boolean,
  ends: AbsenceEnds,
): AutomatonBuilder {
  const empty = { states: [], names: new Set<string>(), stops: new Map(), beforeYield: new Map() };
  return { guardOf, timed, ends, ...empty };
}

export function addTransition(
  from: AutomatonState,
  action: Transition['action'],
  to: AutomatonState,
  guard: Guard,
): void {
  from.transitions.push({ action, to, guard });
}

/** Adds a state of this stage. `withGap`: the limit of its gaps applies. */
export function addState(
  builder: AutomatonBuilder,
  stage: PatternStage,
  kind: AutomatonState['kind'],
  withGap: boolean,
): AutomatonState {
  // Flink gives all groups one name, and it shows in which of their states are timed.
  const again = register(builder, stage.group === undefined ? stage.name : GROUPS);
  const { kind: quantity, gap } = quantityOf(stage);
  const own = stage.within_previous ?? null;
  const limit = quantity === 'once' ? own : again ? gap : null;
  return add(builder, stage.name, kind, withGap ? limit : null);
}

const GROUPS = '(groups)';

export function addFinalState(builder: AutomatonBuilder): AutomatonState {
  return add(builder, '', 'final', null);
}

/** The stop state of a stage that must be absent. There is one for each stage. */
export function stopStateOf(builder: AutomatonBuilder, stage: string, seen: Guard): AutomatonState {
  const known = builder.stops.get(stage);
  if (known !== undefined) return known;
  register(builder, stage);
  const stop = add(builder, stage, 'stop', null);
  addTransition(stop, 'take', stop, seen);
  builder.stops.set(stage, stop);
  return stop;
}

/**
 * A second state with the same transitions; those that lead back lead to the copy. `redirect` may change the target
 * of a transition, or leave it out.
 */
export function copyState(
  builder: AutomatonBuilder,
  state: AutomatonState,
  redirect: (transition: Transition) => AutomatonState | undefined = ({ to }) => to,
): AutomatonState {
  register(builder, state.stage);
  const copy = add(builder, state.stage, state.kind, null);
  for (const transition of state.transitions) {
    const to = transition.to === state ? copy : redirect(transition);
    if (to !== undefined) addTransition(copy, transition.action, to, transition.guard);
  }
  return copy;
}

/** Leaves the events that the greedy stage before wants to that stage. */
export function yieldTo(state: AutomatonState, wanted: Guard): void {
  for (const transition of state.transitions) {
    transition.guard = both(transition.guard, not(wanted));
  }
}

/** Whether the name was registered before. */
function register({ names }: AutomatonBuilder, name: string): boolean {
  const again = names.has(name);
  names.add(name);
  return again;
}

function add(
  { states }: AutomatonBuilder,
  stage: string,
  kind: AutomatonState['kind'],
  gap: Duration | null,
): AutomatonState {
  const state: AutomatonState = { number: states.length, stage, kind, gap, transitions: [] };
  states.push(state);
  return state;
}
