/** What a zod schema expected, in words for people. */

import type { z } from 'zod';

/** What was expected at one place of a file. What was found is read from the file. */
export type UnmetExpectation = {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  /** It is the field itself that is wrong, not its value. */
  readonly atKey?: boolean;
};

/** Something wrong at one place of a file, in words of its own. */
export type FileIssue = { readonly path: readonly (string | number)[]; readonly message: string };

type ZodIssue = z.core.$ZodIssue;

/** What a schema expected, and where: one for each place, in words that can follow "expected". */
export function expectationsOf(error: z.ZodError | undefined): readonly UnmetExpectation[] {
  return (error?.issues ?? []).flatMap((issue) => findings(issue, []));
}

function findings(issue: ZodIssue, above: readonly PropertyKey[]): readonly UnmetExpectation[] {
  const path = [...above, ...issue.path].map((step) =>
    typeof step === 'number' ? step : String(step),
  );
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      expected: `no field ${key} here`,
      atKey: true,
    }));
  }
  // Of the name of a field: what is wrong with it, and not with what stands beside it.
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => ({
      path,
      expected: `as its name ${wordsOf(inner)}`,
      atKey: true,
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return nearest(issue.errors, path);
  }
  return [{ path, expected: wordsOf(issue) }];
}

/**
 * Of a union that nothing matched: where all branches fail at the value itself, what each of them expected; else the
 * branch that got furthest into it.
 */
function nearest(branches: readonly (readonly ZodIssue[])[], path: readonly PropertyKey[]) {
  const flat = branches.map((issues) => issues.flatMap((issue) => findings(issue, path)));
  const deep = flat.filter((branch) => branch.some((one) => one.path.length > path.length));
  const [furthest] = deep;
  if (furthest !== undefined) return furthest;
  const expected = [...new Set(flat.flat().map((one) => one.expected))].join(' or ');
  const [any] = flat.flat();
  return any === undefined ? [] : [{ path: any.path, expected }];
}

function wordsOf(issue: ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      // Zod's own message says less of it.
      return /^expected /.test(issue.message) ? ownWords(issue) : article(issue.expected);
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'invalid_union':
      return 'options' in issue && issue.options !== undefined
        ? issue.options.filter((each) => each !== undefined).join(', ')
        : issue.message;
    case 'too_small':
      return `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return ownWords(issue);
  }
}

/** Our own messages begin with "expected …", and some end with "…, found …", which is said anyway. */
function ownWords({ message }: ZodIssue): string {
  return message.replace(/^expected /, '').replace(/, found ".*"$/, '');
}

function unitOf(origin: string): string {
  if (origin === 'array') return ' entries';
  return origin === 'string' ? ' characters' : '';
}

function article(type: string): string {
  const words: Readonly<Record<string, string>> = {
    array: 'a list',
    tuple: 'a list',
    object: 'a map',
    record: 'a map',
    string: 'a text',
    boolean: 'true or false',
    int: 'a whole number',
    number: 'a number',
  };
  return words[type] ?? type;
}
