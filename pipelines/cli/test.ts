import type { Command } from 'commander';
import { EXIT, type ExitCode, wrongInput } from '../base/problem.ts';
import { printRemarks } from '../base/yaml-file.ts';
import { type ExampleResult, exampleRuns } from '../rules/examples/examples.ts';
import { readRulesFile } from '../rules/rules.ts';

type TestOptions = { readonly json?: true; readonly only?: readonly string[] };

/** Adds `andon test`: runs the examples that rule files carry. */
export function registerTest(command: Command): void {
  command
    .argument('<rules...>', 'rules.yaml, one or several')
    .option('--only <pattern...>', 'only the examples of these patterns')
    .option('--json', 'one JSON object per example, one per line')
    .addHelpText('after', '\nExit code 1: an example came out otherwise. 2: a file is wrong.')
    .action(async (files: readonly string[], options: TestOptions) => {
      process.exitCode = await testRules(files, options);
    });
}

type TimedResult = ExampleResult & { readonly milliseconds: number };

/** Runs the examples of these files and prints a line for each, with what differs. Gives the exit code. */
export async function testRules(
  files: readonly string[],
  { json, only = [] }: TestOptions,
): Promise<ExitCode> {
  const results: TimedResult[] = [];
  const known = new Set<string>();
  for (const file of files) {
    const entry = await readRulesFile(file);
    if (json !== true) printRemarks(entry.warnings);
    const { patterns } = entry.rules;
    for (const { id } of patterns) known.add(id);
    const chosen = patterns.filter(({ id }) => only.length === 0 || only.includes(id));
    if (json !== true && (chosen.length > 0 || only.length === 0)) console.log(file);
    for (const run of exampleRuns(entry, chosen, only.length === 0)) {
      const begun = performance.now();
      const result = run();
      const milliseconds = Math.round((performance.now() - begun) * 10) / 10;
      results.push({ ...result, milliseconds });
      if (json === true) console.log(JSON.stringify({ file, ...result, milliseconds }));
      else console.log(resultText({ ...result, milliseconds }));
    }
    const bare = chosen.filter((rule) => rule.examples.length === 0).map(({ id }) => id);
    if (json !== true && bare.length > 0) console.log(`  without examples: ${bare.join(', ')}`);
  }
  const unknown = only.find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw wrongInput('--only', `one of ${[...known].join(', ') || '(no patterns)'}`, unknown);
  }
  const failed = results.filter(({ passed }) => !passed).length;
  if (json !== true) console.log(summary(results.length, failed));
  return failed > 0 ? EXIT.defect : EXIT.ok;
}

function resultText(result: TimedResult): string {
  const { pattern, example, passed, milliseconds, expected, found, missing, surplus, why } = result;
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
