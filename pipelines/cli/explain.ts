import type { Command } from 'commander';
import { wrongInput } from '../base/problem.ts';
import { detectorText } from '../rules/explain/detector-text.ts';
import { sentenceOf } from '../rules/explain/explain.ts';
import { diagramOf } from '../rules/explain/pattern-diagram.ts';
import { workflowDiagram, workflowText } from '../rules/explain/workflow-text.ts';
import { readRulesFile } from '../rules/rules.ts';

type Options = { readonly mermaid?: true; readonly json?: true };

/** Adds `andon explain`: detectors, patterns and workflows as sentences, and the last two as diagrams. */
export function registerExplain(command: Command): void {
  command
    .argument('<rules>', 'rules.yaml')
    .argument('[rule...]', 'only these detectors, patterns and workflows')
    .option('--mermaid', 'flow charts of patterns and workflows for Markdown instead of sentences')
    .option('--json', 'both, one JSON object per rule, one per line')
    .action(explain);
}

/** What is explained, in both forms where it has them. */
type Explained = {
  readonly kind: 'detector' | 'pattern' | 'workflow';
  readonly id: string;
  readonly sentence: string;
  /** A detector has none. */
  readonly mermaid?: string;
};

async function explain(
  file: string,
  wanted: readonly string[],
  { mermaid, json }: Options,
): Promise<void> {
  const { rules, raw } = await readRulesFile(file);
  const { detectors, patterns, workflows } = rules;
  const all: readonly Explained[] = [
    ...detectors.map((rule, at) => {
      const sentence = detectorText(rule, rawDetector(raw, at));
      return { kind: 'detector' as const, id: rule.id, sentence };
    }),
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
    throw wrongInput(file, `detectors, patterns or workflows of this file: ${expected}`, unknown);
  }
  for (const { kind, id, sentence, mermaid: drawn } of all) {
    if (wanted.length > 0 && !wanted.includes(id)) continue;
    if (json === true) console.log(JSON.stringify({ [kind]: id, sentence, mermaid: drawn }));
    else if (mermaid !== true) console.log(`${id}. ${sentence}\n`);
    else if (drawn !== undefined) console.log(`\`\`\`mermaid ${id}\n${drawn}\`\`\`\n`);
  }
}

function rawDetector(raw: unknown, at: number): unknown {
  const list = typeof raw === 'object' && raw !== null ? Reflect.get(raw, 'detectors') : undefined;
  return Array.isArray(list) ? list[at] : undefined;
}
