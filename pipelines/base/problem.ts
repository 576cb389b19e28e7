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

/** What a problem says; `where` is left out where there is no place. */
export type ProblemParts = {
  readonly expected: string;
  readonly found: string;
  readonly where?: string;
  readonly remedy: string;
  readonly exit: ExitCode;
};

/** An error for people: says what was expected, what was found, where, and what to do. Shown without a stack. */
export class Problem extends Error {
  override name = 'Problem' as const;
  readonly exit: ExitCode;
  readonly #parts: ProblemParts;

  constructor(parts: ProblemParts, options?: ErrorOptions) {
    const where = parts.where === undefined ? '' : `${parts.where}: `;
    super(`${where}expected ${parts.expected}, found ${parts.found}. ${parts.remedy}`, options);
    this.exit = parts.exit;
    this.#parts = parts;
  }

  /** For another process, which can say the same by them. */
  get parts(): ProblemParts {
    return this.#parts;
  }
}

/** What the operating system finds in place of a file, by the code of its error. */
const IN_PLACE: Readonly<Record<string, string>> = {
  ENOENT: 'none of this name',
  EACCES: 'one that this user may not use',
  EPERM: 'one that this user may not use',
  EISDIR: 'a folder',
  ENOTDIR: 'a file where a folder of its path should be',
  ELOOP: 'links that lead in a circle',
  ENAMETOOLONG: 'a name that is too long for this disk',
  EMFILE: 'too many files open in this process',
};

/** What was found where a file was expected, in words: whoever says it names the file, and what to do. */
export function foundInPlace(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return ('code' in error && IN_PLACE[String(error.code)]) || error.message;
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

/** What somebody threw, as a text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
