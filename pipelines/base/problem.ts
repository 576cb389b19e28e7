/** What a shell script can tell apart. */
export const EXIT = {
  ok: 0,
  /** A defect of ours, or something nobody foresaw. */
  defect: 1,
  /** The input is wrong: arguments, files, rules. Nothing was changed. */
  input: 2,
  /** Something outside is missing, too old or misconfigured. */
  outside: 3,
  /** Somebody else owns what was asked for. */
  owned: 4,
  /** All went well, and nothing of the input was judged: the plant model knows none of it. */
  unjudged: 5,
  /** A contract breaks, and its version does not say so. */
  breaking: 6,
  /** Both sides were compared, and something differs that was not mended. */
  differs: 7,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error for people: says what was expected, what was found, where, and what to do. Shown without a stack. */
export class Problem extends Error {
  override name = 'Problem' as const;
  readonly exit: ExitCode;

  constructor(
    parts: {
      readonly expected: string;
      readonly found: string;
      readonly where?: string;
      readonly remedy: string;
      readonly exit: ExitCode;
    },
    options?: ErrorOptions,
  ) {
    const where = parts.where === undefined ? '' : `${parts.where}: `;
    super(`${where}expected ${parts.expected}, found ${parts.found}. ${parts.remedy}`, options);
    this.exit = parts.exit;
  }
}

/** What is wrong with an option or argument that somebody typed. */
export function wrongInput(
  where: string,
  expected: string,
  found: string,
  remedy = 'Correct it.',
): Problem {
  return new Problem({ where, expected, found, remedy, exit: EXIT.input });
}
