/** What workflows ask people and nobody has answered yet, with the values that an answer may give. */

import { z } from 'zod';
import { readExpression } from '../../../operators/coordinate/expressions.ts';
import { pathsIn } from '../../../operators/model/expression.ts';
import type { WorkflowRule } from '../../../operators/model/workflow-rule.ts';
import { timeAnswer } from '../api/route.ts';
import type { Questions } from './questions.ts';

export const openDecisionSchema = z.object({
  step: z.string(),
  question: z.string(),
  since: timeAnswer,
  answers: z
    .array(z.enum(['approve', 'refuse', 'keep', 'undo']))
    .describe('keep, undo: it was done after its deadline, and stays or is taken back.'),
  values: z
    .array(z.string())
    .describe('What the steps behind it go by, beside the decision: the act may give it.'),
  yours: z.boolean().describe('Whoever asks is among those who may answer it.'),
});
type OpenDecision = z.output<typeof openDecisionSchema>;

/** Of some requests: the table begins with them. The last word on a step that waits for a person is `ask`. */
const OPEN_DECISIONS = `
SELECT
  request, step, any(workflow) AS workflow, argMax(because, position) AS question, argMax(time, position) AS since,
  argMaxIf(toString(state), position, state != 'ask') = 'pending' AS approves
FROM
(
  SELECT * FROM workflow_steps FINAL
  WHERE request IN {requests:Array(String)} AND state NOT IN ('superseded', 'escalated', 'news')
)
WHERE step != '' AND (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE whole)
GROUP BY request, step
HAVING argMax(toString(state), position) = 'ask'
ORDER BY since, step`;

/** Which of these requests ask somebody. */
export async function askingOf(
  questions: Questions,
  requests: readonly string[],
): Promise<ReadonlySet<string>> {
  if (requests.length === 0) return new Set();
  const row = z.object({ request: z.string() });
  const rows = await questions.ask(row, OPEN_DECISIONS, { requests });
  return new Set(rows.map(({ request }) => request));
}

const decisionRow = z.object({
  ...{ step: z.string(), workflow: z.string(), question: z.string(), since: timeAnswer },
  approves: z.coerce.boolean(),
});

export async function openDecisionsOf(
  questions: Questions,
  request: string,
  workflows: readonly WorkflowRule[],
  mayAnswer: (by: readonly string[] | undefined) => boolean,
): Promise<readonly OpenDecision[]> {
  const rows = await questions.ask(decisionRow, OPEN_DECISIONS, { requests: [request] });
  return rows.map(({ workflow, approves, ...row }) => {
    const rule = workflows.find(({ id }) => id === workflow);
    const by = approves ? rule?.steps.find(({ id }) => id === row.step)?.by : undefined;
    return {
      ...row,
      answers: approves ? ['approve', 'refuse'] : ['keep', 'undo'],
      values: approves ? valuesWanted(row.step, rule) : [],
      yours: mayAnswer(by),
    };
  });
}

/** What the reply itself says; anything else that a step behind it names is a value of the answer. */
const OWN: ReadonlySet<string> = new Set(['decision', 'outcome', 'state', 'remote', 'note']);

/** By the rules in force: a workflow under way may have begun by others, and an answer may give what nobody names. */
function valuesWanted(step: string, rule: WorkflowRule | undefined): string[] {
  const texts = (rule?.steps ?? []).flatMap(({ when, until, decide, with: told }) => [
    ...[when, until, decide].filter((each) => each !== undefined),
    ...Object.values(told).filter((each) => typeof each === 'string'),
  ]);
  const named = texts.flatMap((text) => {
    const parsed = readExpression(text);
    return 'problem' in parsed ? [] : pathsIn(parsed.ast);
  });
  const values = named.flatMap(([root, of, name]) =>
    root === 'steps' && of === step && name !== undefined && !OWN.has(name) ? [name] : [],
  );
  return [...new Set(values)];
}
