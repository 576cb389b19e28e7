import {
  type AbsenceEnds,
  type AutomatonState,
  conditionsIn,
  type Guard,
  type Transition,
} from './automaton.ts';

/** The transitions that an event takes from each state of an automaton. Scratch: it keeps nothing between events. */
export type TransitionTable<E> = {
  setEvent(event: E): void;
  /**
   * The same for all partial matches in that state; undefined: some condition looks back, so it depends on the match.
   */
  outcomeForAll(state: number): TransitionOutcome | undefined;
  outcomeFor(state: number, captures: Captures<E>): TransitionOutcome;
};

/**
 * What one event does to a partial match that waits in a state. `stops`: what must be absent came. `ends`: and so nothing
 * that still waits goes on.
 */
export type TransitionOutcome = {
  readonly unchanged: boolean;
  readonly stops: boolean;
  readonly ends: boolean;
  /** Some successor takes the event. */
  readonly takes: boolean;
  readonly successors: readonly Successor[];
};

/**
 * A state that follows: past the event, or with it as an event of state `from`. `completes`: nothing more is needed
 * from there, so a match comes out besides.
 */
type Successor = {
  readonly takes: boolean;
  readonly from: AutomatonState;
  readonly to: AutomatonState;
  readonly completes: boolean;
};

/** Whether an event meets a condition. `eventOnly`: that depends on nothing but the event. */
export type Predicate<E> = {
  (event: E, captures: Captures<E>): boolean;
  readonly eventOnly?: true;
};

/** The events that a partial match has taken so far, by stage, as conditions ask for them. */
export interface Captures<E> {
  first(stage: string): E | undefined;
  last(stage: string): E | undefined;
  all(stage: string): readonly E[];
  /** How many they are, of all stages. */
  size(): number;
}

/** Of a match that has not begun. */
export const NO_CAPTURES: Captures<never> = {
  first: () => undefined,
  last: () => undefined,
  all: () => [],
  size: () => 0,
};

/** Compiles an automaton. Where conditions look at the event alone, an outcome is found once per event and state. */
export function createTransitionTable<E>(
  automaton: readonly AutomatonState[],
  conditions: readonly Predicate<E>[],
  ends: AbsenceEnds,
): TransitionTable<E> {
  const evaluations = createEvaluations(conditions);
  const states = compileStates(automaton, conditions, ends);
  let number = 0;
  return {
    setEvent(event) {
      evaluations.setEvent(event);
      number += 1;
    },
    outcomeForAll(at) {
      const state = states[at];
      if (state === undefined || !state.eventOnly) return undefined;
      if (state.outcomeOf !== number) {
        state.outcomeOf = number;
        state.outcome = cachedOutcome(state, evaluations);
      }
      return state.outcome;
    },
    outcomeFor(at, captures) {
      const state = states[at];
      if (state === undefined) return UNCHANGED;
      evaluations.setCaptures(captures);
      return findOutcome(state, evaluations);
    },
  };
}

const UNCHANGED: TransitionOutcome = {
  unchanged: true,
  stops: false,
  ends: false,
  takes: false,
  successors: [],
};

type CompiledState = {
  readonly state: AutomatonState;
  readonly transitions: CompiledTransition[];
  /** Those to stop states, where only waiting ends. */
  readonly stops: CompiledTransition[];
  /** The conditions that decide here. */
  readonly conditions: readonly number[];
  /** None of them looks back, and they are few enough to be the bits of a number. */
  readonly eventOnly: boolean;
  /** The outcome by the set of conditions that an event meets, as bits. */
  readonly cache: Map<number, TransitionOutcome>;
  /** The outcome of the event of this number. */
  outcomeOf: number;
  outcome: TransitionOutcome;
};
type CompiledTransition = {
  readonly action: Transition['action'];
  readonly to: CompiledState;
  /** Undefined: always open. */
  readonly isOpen: CompiledGuard | undefined;
};
type CompiledGuard = (evaluations: ConditionResults) => boolean;

/** One condition, one bit. */
const MOST_BITS = 30;

function compileStates<E>(
  automaton: readonly AutomatonState[],
  predicates: readonly Predicate<E>[],
  ends: AbsenceEnds,
): readonly CompiledState[] {
  const states = new Map<AutomatonState, CompiledState>();
  for (const state of automaton) {
    const conditions = [...new Set(decidingConditions(state, new Set()))];
    const eventOnly = conditions.every((condition) => predicates[condition]?.eventOnly === true);
    const few = conditions.length <= MOST_BITS;
    const fresh = { cache: new Map(), outcomeOf: 0, outcome: UNCHANGED };
    states.set(state, {
      ...{ state, transitions: [], stops: [], conditions, eventOnly: eventOnly && few },
      ...fresh,
    });
  }
  for (const { state, transitions, stops } of states.values()) {
    for (const { action, to, guard } of state.transitions) {
      const target = states.get(to);
      if (target === undefined) continue;
      const list =
        ends === 'wait' && action === 'proceed' && to.kind === 'stop' ? stops : transitions;
      list.push({ action, to: target, isOpen: compileGuard(guard) });
    }
  }
  return [...states.values()];
}

/**
 * The conditions of the transitions from here, and of those after them that the same event can go on to or complete.
 */
function decidingConditions(state: AutomatonState, seen: Set<AutomatonState>): readonly number[] {
  if (seen.has(state)) return [];
  seen.add(state);
  return state.transitions.flatMap(({ action, to, guard }) => {
    if (action === 'ignore') return conditionsIn(guard);
    return [...conditionsIn(guard), ...conditionsAfter(action, to, seen)];
  });
}

/** After an event is taken, only transitions that need no further event matter. */
function conditionsAfter(
  action: Transition['action'],
  to: AutomatonState,
  seen: Set<AutomatonState>,
): readonly number[] {
  if (action === 'proceed') return decidingConditions(to, seen);
  const onward = to.transitions.filter((transition) => transition.action === 'proceed');
  return onward.flatMap((transition) => [
    ...conditionsIn(transition.guard),
    ...conditionsAfter('take', transition.to, seen),
  ]);
}

/** The guard as a function, so that nothing is interpreted per event; undefined: always open. */
function compileGuard(guard: Guard): CompiledGuard | undefined {
  switch (guard.kind) {
    case 'always':
      return undefined;
    case 'condition': {
      const { condition } = guard;
      return (evaluations) => evaluations.isMet(condition);
    }
    case 'not': {
      const inner = compileGuard(guard.guard);
      return (evaluations) => inner !== undefined && !inner(evaluations);
    }
    case 'both': {
      const left = compileGuard(guard.left);
      const right = compileGuard(guard.right);
      if (left === undefined || right === undefined) return left ?? right;
      return (evaluations) => left(evaluations) && right(evaluations);
    }
  }
}

function cachedOutcome(state: CompiledState, evaluations: ConditionResults): TransitionOutcome {
  let met = 0;
  let bit = 1;
  for (const condition of state.conditions) {
    if (evaluations.isMet(condition)) met |= bit;
    bit <<= 1;
  }
  const known = state.cache.get(met);
  if (known !== undefined) return known;
  const outcome = findOutcome(state, evaluations);
  state.cache.set(met, outcome);
  return outcome;
}

function findOutcome(start: CompiledState, evaluations: ConditionResults): TransitionOutcome {
  const successors: Successor[] = [];
  let stops = false;
  let ends = false;
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const waits = !at.stops.some(({ isOpen }) => isOpen === undefined || isOpen(evaluations));
    if (!waits) stops = true;
    for (const { action, to, isOpen } of at.transitions) {
      if (action === 'ignore' && !waits) continue;
      if (isOpen !== undefined && !isOpen(evaluations)) continue;
      if (action === 'proceed') {
        open.push(to);
      } else if (to.state.kind === 'stop') {
        stops = true;
        ends = true;
      } else {
        const takes = action === 'take';
        const completes = takes && reachesFinal(to, evaluations);
        successors.push({ takes, from: at.state, to: to.state, completes });
      }
    }
  }
  const [only] = successors;
  const stays = successors.length === 1 && only?.takes === false && only.to === start.state;
  if (stays && !ends) return UNCHANGED;
  return {
    unchanged: false,
    stops,
    ends,
    takes: successors.some(({ takes }) => takes),
    successors,
  };
}

/** Whether transitions that need no event lead to the final state. */
function reachesFinal(from: CompiledState, evaluations: ConditionResults): boolean {
  return from.transitions.some(({ action, to, isOpen }) => {
    if (action !== 'proceed' || (isOpen !== undefined && !isOpen(evaluations))) return false;
    return to.state.kind === 'final' || reachesFinal(to, evaluations);
  });
}

type ConditionResults = { isMet(condition: number): boolean };

/**
 * The results of the conditions for one event. Each is evaluated at most once: for all partial matches if it looks at
 * the event alone, else once for each match.
 */
type Evaluations<E> = ConditionResults & {
  setEvent(event: E): void;
  setCaptures(captures: Captures<E>): void;
};

function createEvaluations<E>(conditions: readonly Predicate<E>[]): Evaluations<E> {
  // The number of the event for which the condition was met, or its negative where it was not.
  const results = conditions.map(() => 0);
  const lookBack = conditions.flatMap(({ eventOnly }, index) =>
    eventOnly === true ? [] : [index],
  );
  let event: E | undefined;
  let number = 0;
  let captures: Captures<E> = NO_CAPTURES;
  return {
    setEvent(next) {
      event = next;
      captures = NO_CAPTURES;
      number += 1;
    },
    setCaptures(next) {
      captures = next;
      for (const condition of lookBack) results[condition] = 0;
    },
    isMet(condition) {
      const result = results[condition];
      if (result === number) return true;
      if (result === -number) return false;
      const met = event !== undefined && conditions[condition]?.(event, captures) === true;
      results[condition] = met ? number : -number;
      return met;
    },
  };
}
