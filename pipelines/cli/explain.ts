import type { Command } from 'commander';
import { wrongInput } from '../base/problem.ts';
import { sentenceOf } from '../rules/explain/explain.ts';
import { diagramOf } from '../rules/explain/pattern-diagram.ts';
import { workflowDiagram, workflowText } from '../rules/explain/workflow-text.ts';
import { readRulesFile } from '../rules/rules.ts';

type Options = { readonly mermaid?: true; readonly json?: true };

/** Adds `andon explain`: patterns and workflows as sentences and as diagrams. */
export function registerExplain(command: Command): void {
  command
    .argument('<rules>', 'rules.yaml')
    .argument('[rule...]', 'only these patterns and workflows')
    .option('--mermaid', 'a flow chart for Markdown instead of the sentence')
    .option('--json', 'both, one JSON object per pattern or workflow, one per line')
    .action(explain);
}

/** What is explained, in both forms. */
type Explained = {
  readonly kind: 'pattern' | 'workflow';
  readonly id: string;
  readonly sentence: string;
  readonly mermaid: string;
};

async function explain(
  file: string,
  wanted: readonly string[],
  { mermaid, json }: Options,
): Promise<void> {
  const { patterns, workflows } = (await readRulesFile(file)).rules;
  const all: readonly Explained[] = [
    ...patterns.map((rule) => {
      const [sentence, drawn] = [sentenceOf(rule), diagramOf(rule)];
      return { kind: 'pattern' as const, id: rule.id, sentence, mermaid: drawn };
    }),
    ...workflows.map((rule) => {
      const [sentence, drawn] = [workflowText(rule), workflowDiagram(rule)];
      return { kind: 'workflow' as const, id: rule.id, sentence, mermaid: drawn };
    }),
  ];
  const unknown = wanted.find((id) => !all.some((one) => one.id === id));
  if (unknown !== undefined) {
    const expected = all.map(({ id }) => id).join(', ') || '(the rules have none)';
    throw wrongInput(file, `patterns or workflows of this file: ${expected}`, unknown);
  }
  for (const { kind, id, sentence, mermaid: drawn } of all) {
    if (wanted.length > 0 && !wanted.includes(id)) continue;
    if (json === true) console.log(JSON.stringify({ [kind]: id, sentence, mermaid: drawn }));
    else if (mermaid === true) console.log(`\`\`\`mermaid ${id}\n${drawn}\`\`\`\n`);
    else console.log(`${id}. ${sentence}\n`);
  }
}
