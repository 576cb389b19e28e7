/** What was expected and what was found, in words; and of both what the other lacks. */
export type Comparison = {
  readonly expected: readonly string[];
  readonly found: readonly string[];
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
};

/** Two lists, each found one for at most one that was expected, in any order. What nobody expects is not compared. */
export function compared<E, F extends E>(
  expected: readonly E[] | undefined,
  found: readonly F[],
  meets: (found: F, expected: E) => boolean,
  text: (one: E) => string,
): Comparison {
  if (expected === undefined) return { expected: [], found: [], missing: [], surplus: [] };
  const surplus = [...found];
  const missing = expected.filter((one) => {
    const at = surplus.findIndex((other) => meets(other, one));
    if (at >= 0) surplus.splice(at, 1);
    return at < 0;
  });
  return {
    ...{ expected: expected.map(text), found: found.map(text) },
    ...{ missing: missing.map(text), surplus: surplus.map(text) },
  };
}
