import type { Command } from 'commander';
import { wrongInput } from '../base/problem.ts';
import { sentenceOf } from '../rules/explain/explain.ts';
import { diagramOf } from '../rules/explain/pattern-diagram.ts';
import { readRulesFile } from '../rules/rules.ts';

type Options = { readonly mermaid?: true; readonly json?: true };

/** Adds `andon explain`: patterns as sentences and as diagrams. */
export function registerExplain(command: Command): void {
  command
    .argument('<rules>', 'rules.yaml')
    .argument('[pattern...]', 'only these patterns')
    .option('--mermaid', 'a flow chart for Markdown instead of the sentence')
    .option('--json', 'both, one JSON object per pattern, one per line')
    .action(explain);
}

async function explain(
  file: string,
  wanted: readonly string[],
  { mermaid, json }: Options,
): Promise<void> {
  const { patterns } = (await readRulesFile(file)).rules;
  const unknown = wanted.find((id) => !patterns.some((rule) => rule.id === id));
  if (unknown !== undefined) {
    const expected = patterns.map(({ id }) => id).join(', ') || '(the rules have none)';
    throw wrongInput(file, `one of ${expected}`, unknown);
  }
  for (const rule of patterns) {
    const { id } = rule;
    if (wanted.length > 0 && !wanted.includes(id)) continue;
    const sentence = sentenceOf(rule);
    if (json === true) {
      console.log(JSON.stringify({ pattern: id, sentence, mermaid: diagramOf(rule) }));
    } else if (mermaid === true) {
      console.log(`\`\`\`mermaid ${id}\n${diagramOf(rule)}\`\`\`\n`);
    } else {
      console.log(`${id}. ${sentence}\n`);
    }
  }
}
