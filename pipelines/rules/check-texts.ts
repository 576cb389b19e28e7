/**
 * Checks texts of a plant file and a rules file that somebody sent: in a process of its own, because a text can be written
 * so that reading it takes long, and whoever asks has others to answer meanwhile.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../../operators/model/canonical.ts';
import type { PlantModel } from '../../operators/model/plant-model.ts';
import type { Rules } from '../../operators/model/rules.ts';
import { EXIT, Problem } from '../base/problem.ts';
import type { Remark } from '../base/yaml-file.ts';

/** A checkout runs its sources as they are; a package holds JavaScript. */
const PROGRAM = import.meta.url.endsWith('.ts') ? './check-main.ts' : './check-main.js';
/** Milliseconds and bytes that a check may take. */
const SILENCE = 20_000;
const MEMORY = 1_073_741_824;

export type TextsToCheck = {
  readonly plant: string | undefined;
  readonly rules: string | undefined;
  /** In force, for rules that come without a plant file. */
  readonly models: readonly PlantModel[];
};

export type CheckedTexts = {
  /** Each with line and column: `rules:3:5: …`. */
  readonly mistakes: readonly string[];
  readonly warnings: readonly Remark[];
  /** As they are understood, where nothing is wrong with them. */
  readonly rules: Rules | undefined;
};

/** @throws Problem where the check did not come to an end */
export async function checkTexts(texts: TextsToCheck): Promise<CheckedTexts> {
  const child = fork(
    fileURLToPath(new URL(PROGRAM, import.meta.url)),
    [String(SILENCE), String(MEMORY)],
    {
      execArgv: [
        `--max-old-space-size=${MEMORY / 524_288}`,
        ...(PROGRAM.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : []),
      ],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  );
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = `${words}${text}`.slice(-1_000);
  });
  const over = new AbortController();
  const ended = new Promise<readonly unknown[]>((resolve) => {
    child.once('close', () => resolve([]));
    child.once('error', (error) => resolve([error]));
  });
  try {
    const answered = once(child, 'message', { signal: over.signal });
    answered.catch(() => undefined);
    child.send(texts, () => undefined);
    const [answer] = await Promise.race([answered, ended]);
    if (answer === undefined || answer instanceof Error) throw unfinished(words, answer);
    return answer as CheckedTexts;
  } finally {
    over.abort();
    child.kill('SIGKILL');
  }
}

function unfinished(words: string, cause: Error | undefined): Problem {
  const last = words.trim().split('\n').at(-1) ?? '';
  return new Problem(
    {
      expected: 'a check that comes to an end',
      found: cause?.message ?? (last === '' ? 'one that ended without a word' : last),
      remedy: 'Check the files with `andon apply --check`.',
      exit: EXIT.input,
    },
    { cause },
  );
}

const FAMILIES = ['windows', 'detectors', 'patterns', 'triggers', 'workflows'] as const;

export type RuleChange = {
  readonly family: (typeof FAMILIES)[number];
  readonly id: string;
  readonly change: 'added' | 'changed' | 'removed';
};

/** What would be another rule than now. Examples change nothing. */
export function ruleChanges(before: Rules | undefined, after: Rules): readonly RuleChange[] {
  return FAMILIES.flatMap((family): RuleChange[] => {
    const [old, now] = [textsById(before?.[family] ?? []), textsById(after[family])];
    const ids = [...new Set([...old.keys(), ...now.keys()])];
    return ids.flatMap((id): RuleChange[] => {
      if (old.get(id) === now.get(id)) return [];
      const change = !old.has(id) ? 'added' : now.has(id) ? 'changed' : 'removed';
      return [{ family, id, change }];
    });
  });
}

function textsById(rules: readonly { readonly id: string }[]): ReadonlyMap<string, string> {
  return new Map(
    rules.map((rule) => [
      rule.id,
      canonicalJson(
        Object.fromEntries(Object.entries(rule).filter(([name]) => name !== 'examples')),
      ),
    ]),
  );
}
