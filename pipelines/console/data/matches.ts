/** The patterns that a request rests on: their stages by the rules in force, and the events that each of them took. */

import { z } from 'zod';
import {
  incidentRulesOf,
  type PatternRule,
  type PatternStageRule,
} from '../../../operators/model/pattern-rule.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { type EventTime, MILLISECOND, toIso } from '../../../operators/model/time.ts';
import { timeAnswer } from '../api/route.ts';
import type { Questions } from './questions.ts';

const stageSchema = z.object({
  name: z.string(),
  where: z
    .string()
    .describe('Which events it takes (CEL); empty where the rules in force do not say.'),
  absent: z.boolean().describe('What it would take did not come: that is what it waited for.'),
  within_previous: z.number().nullable().describe('Milliseconds since the event before, at most.'),
  taken: z.number().describe('Events that it took.'),
  events: z
    .array(z.object({ time: timeAnswer, kind: z.string(), about: z.string(), text: z.string() }))
    .describe('The first 20 of them.'),
});

export const matchSchema = z.object({
  rule: z.string(),
  start: timeAnswer,
  end: timeAnswer,
  time: timeAnswer.describe('When it was complete.'),
  within: z.number().nullable().describe('Milliseconds that all of it may take.'),
  timed_out: z.boolean().describe('It began, and its time ran out.'),
  stages: z.array(stageSchema).describe('In their order.'),
});
type PatternMatch = z.output<typeof matchSchema>;

const MOST_MATCHES = 10;
const MOST_EVENTS = 20;

const MATCHES = `
WITH
  (SELECT incidents FROM current_requests WHERE id = {id:String}) AS own,
  (SELECT (plant, line, asset) FROM current_requests WHERE id = {id:String}) AS place
SELECT rule, start, \`end\`, time, evidence
FROM incidents FINAL
WHERE (plant, line, asset) = place AND has(own, id)
ORDER BY time DESC, id
LIMIT ${MOST_MATCHES}`;

const evidenceSchema = z.array(
  z.object({
    ...{ stage: z.string(), time: z.number(), kind: z.string() },
    ...{ about: z.string(), text: z.string() },
  }),
);
type TakenEvents = z.output<typeof evidenceSchema>;

const matchRow = z.object({
  ...{ rule: z.string(), start: timeAnswer, end: timeAnswer, time: timeAnswer },
  evidence: z.string().transform((text) => evidenceSchema.parse(JSON.parse(text))),
});

export async function matchesOf(
  questions: Questions,
  request: string,
  rules: Rules | undefined,
): Promise<readonly PatternMatch[]> {
  const rows = await questions.ask(matchRow, MATCHES, { id: request });
  return rows.flatMap(({ evidence, ...row }): PatternMatch[] => {
    const pattern = rules?.patterns.find((each) => incidentRulesOf(each).includes(row.rule));
    // A detector that a trigger names: one event, which the story has.
    if (pattern === undefined && evidence.every(({ stage }) => stage === 'raised')) return [];
    return [
      {
        ...row,
        within: milliseconds(pattern?.within),
        timed_out: pattern !== undefined && pattern.id !== row.rule,
        stages: stagesOf(pattern, evidence),
      },
    ];
  });
}

/** By the rules in force; what another version of them took stands behind, under the names that it had. */
function stagesOf(pattern: PatternRule | undefined, evidence: TakenEvents) {
  const declared = (pattern?.pattern ?? []).flatMap(flat);
  const others = [...new Set(evidence.map(({ stage }) => stage))].filter(
    (name) => !declared.some((each) => each.name === name),
  );
  const known = declared.map(({ name, where = '', absent, within_previous }) => ({
    ...{ name, where, absent: absent !== undefined },
    within_previous: milliseconds(within_previous),
  }));
  const unknown = others.map((name) => ({ name, where: '', absent: false, within_previous: null }));
  return [...known, ...unknown].map((stage) => {
    const taken = evidence.filter((each) => each.stage === stage.name);
    return {
      ...stage,
      taken: taken.length,
      events: taken.slice(0, MOST_EVENTS).map(({ time, kind, about, text }) => ({
        ...{ time: toIso(time as EventTime), kind, about, text },
      })),
    };
  });
}

function flat(stage: PatternStageRule): PatternStageRule[] {
  return stage.stages === undefined ? [stage] : stage.stages.flatMap(flat);
}

function milliseconds(duration: number | undefined): number | null {
  return duration === undefined ? null : duration / MILLISECOND;
}
