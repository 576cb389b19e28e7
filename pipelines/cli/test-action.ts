import type { PatternRule } from '../../operators/model/pattern-rule.ts';
import { EXIT, type ExitCode } from '../base/problem.ts';
import { wrongInput } from '../base/wrong-input.ts';
import { heldAgainst, type Outcome } from '../rules/examples/held-against.ts';
import { rulesHeldAgainst } from '../rules/examples/rules-held-against.ts';
import { type RulesEntry, readRulesFile } from '../rules/rules-file.ts';

type TestOptions = { readonly json?: true; readonly only?: readonly string[] };

type Timed = Outcome & { readonly milliseconds: number };

/** Runs the examples of these files and prints a line for each, with what differs. Gives the exit code. */
export async function testRules(
  files: readonly string[],
  { json, only = [] }: TestOptions,
): Promise<ExitCode> {
  const outcomes: Timed[] = [];
  const known = new Set<string>();
  for (const file of files) {
    const entry = await readRulesFile(file);
    const { patterns } = entry.rules;
    for (const { id } of patterns) known.add(id);
    const chosen = patterns.filter(({ id }) => only.length === 0 || only.includes(id));
    if (json !== true && (chosen.length > 0 || only.length === 0)) console.log(file);
    for (const play of playsOf(entry, chosen, only.length === 0)) {
      const begun = performance.now();
      const outcome = play();
      const milliseconds = Math.round((performance.now() - begun) * 10) / 10;
      outcomes.push({ ...outcome, milliseconds });
      if (json === true) console.log(JSON.stringify({ file, ...outcome, milliseconds }));
      else console.log(inWords({ ...outcome, milliseconds }));
    }
    const bare = chosen.filter((rule) => rule.examples.length === 0).map(({ id }) => id);
    if (json !== true && bare.length > 0) console.log(`  without examples: ${bare.join(', ')}`);
  }
  const unknown = only.find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw wrongInput('--only', `one of ${[...known].join(', ') || '(no patterns)'}`, unknown);
  }
  const failed = outcomes.filter(({ passed }) => !passed).length;
  if (json !== true) console.log(summary(outcomes.length, failed));
  return failed > 0 ? EXIT.defect : EXIT.ok;
}

/** Every example of these patterns, and with `whole` those of the rules as a whole. */
function playsOf(
  { raw, rules }: RulesEntry,
  patterns: readonly PatternRule[],
  whole: boolean,
): readonly (() => Outcome)[] {
  const ofPatterns = patterns.flatMap((rule) =>
    rule.examples.map((example) => () => heldAgainst(rule, example)),
  );
  if (!whole) return ofPatterns;
  const ofRules = rules.examples.map((example) => () => rulesHeldAgainst(raw, example));
  return [...ofPatterns, ...ofRules];
}

function inWords(outcome: Timed): string {
  const { pattern, example, passed, milliseconds, expected, found, missing, surplus, why } =
    outcome;
  const head = `  ${passed ? '✓' : '✗'} ${pattern}: ${example} (${milliseconds} ms)`;
  if (passed) return head;
  const mark = (list: readonly string[], marked: readonly string[], word: string) =>
    list.map((text) => `${text}${marked.includes(text) ? `  ← ${word}` : ''}`);
  return [
    head,
    ...block('expected', mark(expected, missing, 'missing')),
    ...block('found', mark(found, surplus, 'not expected')),
    ...(why.length === 0 ? [] : block('because', why)),
  ].join('\n');
}

function block(title: string, lines: readonly string[]): readonly string[] {
  const [first = 'nothing', ...others] = lines;
  return [`      ${title.padEnd(9)}${first}`, ...others.map((line) => `${' '.repeat(15)}${line}`)];
}

function summary(count: number, failed: number): string {
  const what = count === 1 ? 'one example' : `${count} examples`;
  if (count === 0) return 'no examples: a pattern carries them as examples:';
  return failed === 0 ? `${what}: all as expected` : `${what}: ${failed} came out otherwise`;
}
