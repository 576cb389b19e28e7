/** Where what Andon decided and what a system holds differ: the kinds of it, what each means, and the way to mend it. */

/**
 * `missing`: decided and sent, and the system does not have it. `doubled`: it has it more than once. `drifted`: it has
 * something else than was sent, or another state than the log knows. `orphaned`: it has what nobody wants any more. `forged`:
 * it has an object with a key that Andon never gave. `late`: decided long ago, and not carried out yet.
 */
export const DIFFERENCE_KINDS = [
  ...(['missing', 'doubled', 'drifted', 'orphaned', 'forged', 'late'] as const),
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** One work that Andon decided, as its ledger has it: a request, or a command. */
export type OurWork = {
  /** What its object carries. */
  readonly key: string;
  /** Of the request, or of the command and its request. */
  readonly id: string;
  readonly request: string;
  readonly asset: string;
  /** Epoch milliseconds of the decision. */
  readonly decided: number;
  /** Not carried out yet: what the system has is under way. */
  readonly waiting: boolean;
  /**
   * What the system must have: an `object`; `nothing`, since it was refused, never begun or taken back; or `either`, since it
   * is over there.
   */
  readonly expects: 'object' | 'nothing' | 'either';
  readonly remote: string | null;
  /** The last state that the log knows. */
  readonly state: string | null;
  /** Why it was not carried out, where that is so. */
  readonly note: string | null;
  /** Sending it once more does no harm: somebody still wants it. */
  readonly wanted: boolean;
};

/** An object of the system that carries a key, and how it differs from what was sent. */
export type TheirObject = {
  readonly remote: string;
  readonly key: string;
  /** Epoch milliseconds; null where the system does not say. */
  readonly changed: number | null;
  readonly state: string | null;
  /** Nothing follows on this state: closed, released, cancelled. */
  readonly over: boolean;
  readonly differences: readonly {
    readonly field: string;
    readonly ours: string;
    readonly theirs: string;
  }[];
};

/** One difference, as it is told. */
export type SystemDifference = {
  readonly kind: DifferenceKind;
  readonly system: string;
  /** `request`, or the verb of the command. */
  readonly verb: string;
  readonly key: string;
  readonly id: string;
  readonly request: string;
  readonly asset: string;
  readonly remotes: readonly string[];
  /** What drifted: a place in the object, `state`, or `object`. */
  readonly field: string;
  readonly ours: string;
  readonly theirs: string;
  /** Epoch milliseconds: since when, as far as anybody knows; 0 where nobody does. */
  readonly since: number;
  readonly text: string;
  readonly mend: string;
  /** `andon reconcile --mend` may do it. */
  readonly safe: boolean;
};

/** Of which system and verb a difference is. */
export type About = { readonly system: string; readonly verb: string };

type Found = Pick<SystemDifference, 'kind'> &
  Partial<Pick<SystemDifference, 'remotes' | 'field' | 'ours' | 'theirs' | 'since' | 'safe'>>;

export function differenceOf(about: About, work: OurWork, found: Found): SystemDifference {
  const { system, verb } = about;
  const { key, id, request, asset } = work;
  const whole = {
    ...{ remotes: [], field: '', ours: '', theirs: '', since: work.decided, safe: false },
    ...found,
  };
  const told = { ...about, ...{ key, id, request, asset }, ...whole };
  const what = verb === 'request' ? `request ${id}` : `${verb} ${id} for ${request}`;
  return { ...told, text: textOf(what, system, work, told), mend: mendOf(what, work, told) };
}

type Told = Omit<SystemDifference, 'text' | 'mend'>;

function textOf(what: string, system: string, work: OurWork, told: Told): string {
  const { kind, remotes, field, ours, theirs } = told;
  switch (kind) {
    case 'missing':
      return work.remote === null
        ? `${system} does not have ${what}: ${work.note ?? 'it was refused'}`
        : `${system} does not have ${what} any more, which was ${work.remote}`;
    case 'doubled':
      return `${system} has ${what} ${remotes.length} times: ${remotes.join(', ')}`;
    case 'drifted':
      return `${what} in ${system}, ${remotes.join(', ')}: ${field} is "${theirs}", and "${ours}" here`;
    case 'orphaned':
      return `${system} has ${remotes.join(', ')} for ${what}, which ${work.note ?? 'nobody wants any more'}`;
    case 'forged':
      return `${system} has ${remotes.join(', ')} with the key ${work.key}, which Andon never gave`;
    case 'late':
      return `${what} is not carried out in ${system}${work.note === null ? '' : `: ${work.note}`}`;
  }
}

function mendOf(what: string, work: OurWork, told: Told): string {
  const { kind, system, verb, safe, field, remotes } = told;
  const list = verb === 'request' ? 'requests' : 'commands';
  const again = `andon ${list} resend ${work.id}`;
  switch (kind) {
    case 'missing':
      if (work.remote === null) return `Mend the cause, then: ${again}`;
      return safe
        ? `${again}, or --mend: it is made once more`
        : `It may be needed no more: ${again}`;
    case 'doubled':
      return `Close all but ${work.remote ?? remotes[0]} in ${system}`;
    case 'drifted':
      if (field === 'state') return '--mend: what the system says is said to the log';
      if (safe) return `${again}, or --mend: it is looked up and written once more`;
      return `Correct it in ${system}, or ask for it anew`;
    case 'orphaned':
      return `Cancel ${remotes.join(', ')} in ${system}`;
    case 'forged':
      return `Find out who made ${remotes.join(', ')} in ${system}, and take the key out of it`;
    case 'late':
      return `andon ${list} show ${work.id} says what was tried of ${what}; andon doctor tries ${system}`;
  }
}
