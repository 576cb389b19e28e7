import { setTimeout as pause } from 'node:timers/promises';
import { askCmms, type CmmsWork } from './ask-cmms.ts';
import type {
  Counts,
  DeadLetterCount,
  DemoQuestions,
  LandedFinding,
  LandedRevision,
  MachineNow,
} from './ask-warehouse.ts';

/** What one look at the warehouse and the CMMS found. */
export type Sight = {
  /** Milliseconds of the clock at which the counts were asked for. */
  readonly wall: number;
  readonly counts: Counts;
  readonly deadLetters: readonly DeadLetterCount[];
  readonly machines: readonly MachineNow[];
  /** Those that landed since the look before. */
  readonly findings: readonly LandedFinding[];
  readonly revisions: readonly LandedRevision[];
  readonly works: readonly CmmsWork[];
};

export type WatchOptions = {
  readonly questions: DemoQuestions;
  readonly cmms: { readonly url: string; readonly token: string };
  readonly signal: AbortSignal;
  readonly onSight: (sight: Sight) => void;
  /** A look that failed: a server that is just being started again. The next look is taken all the same. */
  readonly onTrouble: (error: unknown) => void;
};

/** Milliseconds between two looks. */
const EVERY = 400;

/** Looks at the warehouse and the CMMS again and again; once more after `signal` fired, so that nothing is missed. */
export async function watch(options: WatchOptions): Promise<void> {
  const { signal, onSight, onTrouble } = options;
  let after = 0;
  for (let last = false; !last; ) {
    last = signal.aborted;
    try {
      const sight = await look(options, after);
      after = sight.counts.sequence;
      onSight(sight);
    } catch (error) {
      onTrouble(error);
    }
    if (!last) await pause(EVERY, undefined, { signal }).catch(() => undefined);
  }
}

async function look({ questions, cmms }: WatchOptions, after: number): Promise<Sight> {
  const wall = Date.now();
  const counts = await questions.counts();
  const stretch = { after, to: counts.sequence };
  const news = counts.sequence > after;
  return {
    wall,
    counts,
    deadLetters: await questions.deadLetters(),
    machines: await questions.machines(),
    findings: news ? await questions.findings(stretch) : [],
    revisions: news ? await questions.revisions(stretch) : [],
    works: await askCmms(cmms),
  };
}
