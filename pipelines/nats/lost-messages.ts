import { EXIT, Problem } from '../base/problem.ts';

/** The stream's limits removed messages before they were read. Thrown unless the loss was accepted. */
export class TrimmedError extends Problem {
  readonly from: number;
  readonly to: number;

  constructor(stream: string, from: number, to: number) {
    super({
      where: `stream ${stream}`,
      expected: `message ${from} next`,
      found: `that messages ${from} to ${to} were trimmed before they were read`,
      remedy:
        'Begin again with `--accept-loss` to write the range down as lost and go on; give the stream more time or bytes.',
      exit: EXIT.outside,
    });
    this.from = from;
    this.to = to;
  }
}

/** The stream ends before what was read of it: its last messages were lost, and their numbers will be given again. */
export function rewound(stream: string, read: number, last: number): Problem {
  return new Problem({
    where: `stream ${stream}`,
    expected: `at least the ${read} messages that were read`,
    found: `that it ends at ${last}: the server lost the end of it`,
    remedy: 'Begin a new run: the numbers after it will be given to other messages.',
    exit: EXIT.outside,
  });
}

/** Another stream took the name: its sequence numbers mean other messages. */
export function replaced(stream: string, expected: string, found: string): Problem {
  return new Problem({
    where: `stream ${stream}`,
    expected: `the stream created at ${expected}`,
    found: `one created at ${found}`,
    remedy: 'Begin a new run on the new stream.',
    exit: EXIT.outside,
  });
}

export function gone(stream: string, cause: Error): Problem {
  return new Problem(
    {
      where: `stream ${stream}`,
      expected: 'it to exist',
      found: cause.message,
      remedy:
        'Somebody deleted it, or the server lost its store. A new run begins with a new stream.',
      exit: EXIT.outside,
    },
    { cause },
  );
}
