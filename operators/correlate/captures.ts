/** What a partial match has taken so far, as conditions ask for it. */
export interface Captures<E> {
  first(stage: string): E | undefined;
  last(stage: string): E | undefined;
  all(stage: string): readonly E[];
}

/** What a match that has not begun has taken. */
export const NO_CAPTURES: Captures<never> = {
  first: () => undefined,
  last: () => undefined,
  all: () => [],
};
