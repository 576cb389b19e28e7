import type { Captures } from './captures.ts';

/** Whether a partial match may take an event. `alone`: the answer depends on nothing but the event. */
export type Accepts<E> = {
  (event: E, captures: Captures<E>): boolean;
  readonly alone?: true;
};

/** A condition on an edge: made of the stages' own conditions, by their numbers. */
export type Test =
  | { readonly kind: 'always' }
  | { readonly kind: 'atom'; readonly atom: number }
  | { readonly kind: 'not'; readonly test: Test }
  | { readonly kind: 'both'; readonly left: Test; readonly right: Test };

export const ALWAYS: Test = { kind: 'always' };

export function not(test: Test): Test {
  return test.kind === 'not' ? test.test : { kind: 'not', test };
}

export function both(left: Test, right: Test): Test {
  if (left.kind === 'always') return right;
  return right.kind === 'always' ? left : { kind: 'both', left, right };
}

export function atomsOf(test: Test): readonly number[] {
  switch (test.kind) {
    case 'always':
      return [];
    case 'atom':
      return [test.atom];
    case 'not':
      return atomsOf(test.test);
    case 'both':
      return [...atomsOf(test.left), ...atomsOf(test.right)];
  }
}

/**
 * The answers for one event, asked of each condition at most once: for all partial matches if it looks at the event
 * alone, else once for each. A scratch pad, no state: nothing in it outlives the event.
 */
export type Verdicts<E> = {
  begin(event: E): void;
  turnTo(captures: Captures<E>): void;
  of(atom: number): boolean;
};

export function createVerdicts<E>(atoms: readonly Accepts<E>[], nothing: Captures<E>): Verdicts<E> {
  // What was answered for this event is the number of the event, for no its negative.
  const known = atoms.map(() => 0);
  const iterative = atoms.flatMap(({ alone }, atom) => (alone === true ? [] : [atom]));
  let current: E | undefined;
  let number = 0;
  let asked = nothing;
  return {
    begin(event) {
      current = event;
      asked = nothing;
      number += 1;
    },
    turnTo(captures) {
      asked = captures;
      for (const atom of iterative) known[atom] = 0;
    },
    of(atom) {
      const before = known[atom];
      if (before === number) return true;
      if (before === -number) return false;
      const accepted = current !== undefined && atoms[atom]?.(current, asked) === true;
      known[atom] = accepted ? number : -number;
      return accepted;
    },
  };
}

export type Asked = Pick<Verdicts<never>, 'of'>;

/** The test as a function, so that nothing is interpreted per event; undefined: always met. */
export function compiled(test: Test): ((verdicts: Asked) => boolean) | undefined {
  switch (test.kind) {
    case 'always':
      return undefined;
    case 'atom': {
      const { atom } = test;
      return (verdicts) => verdicts.of(atom);
    }
    case 'not': {
      const inner = compiled(test.test);
      return (verdicts) => inner !== undefined && !inner(verdicts);
    }
    case 'both': {
      const left = compiled(test.left);
      const right = compiled(test.right);
      if (left === undefined || right === undefined) return left ?? right;
      return (verdicts) => left(verdicts) && right(verdicts);
    }
  }
}
