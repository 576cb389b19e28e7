/** Files of a plant and of rules are checked here, and what would change is said. Applying them is another act: `andon apply`. */

import { z } from 'zod';
import { Problem } from '../../base/problem.ts';
import { checkTexts, ruleChanges } from '../../rules/check-texts.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { type ApiRoute, nameParameter, route } from '../api/route.ts';
import type { KnownPlant } from '../data/plant-models.ts';
import { plantInSight, type Services } from './services.ts';

/** Of both texts together, as JSON. */
const MOST_BYTES = 1_000_000;
/** Of the whole console: each is a process. */
const AT_ONCE = 2;

const text = z.string().min(1).max(MOST_BYTES).optional();

const findingSchema = z.object({
  file: z.string().describe('plant or rules.'),
  line: z.number(),
  column: z.number(),
  text: z.string().describe('What was expected, and what was found.'),
});

const changeSchema = z.object({
  family: z.enum(['windows', 'detectors', 'patterns', 'triggers', 'workflows']),
  id: z.string(),
  change: z.enum(['added', 'changed', 'removed']),
});

export function ruleCheckRoutes({ models }: Services): readonly ApiRoute[] {
  let running = 0;
  return [
    route({
      id: 'checkRules',
      method: 'POST',
      path: '/plants/{plant}/rules/checks',
      tag: 'Rules',
      access: 'check-rules',
      summary:
        'Checks a plant file and a rules file as `andon apply --check` does, and says which rules would be others. Nothing is applied.',
      pathSchema: z.object({ plant: nameParameter }),
      mostBytes: MOST_BYTES,
      bodySchema: z
        .strictObject({
          plant: text.describe('YAML of a plant file; without it the plant in force.'),
          rules: text.describe('YAML of a rules file; without it only the plant file is checked.'),
        })
        .refine(
          ({ plant, rules }) => plant !== undefined || rules !== undefined,
          'expected plant, rules, or both',
        ),
      answer: z.object({
        mistakes: z.array(findingSchema).describe('With one of them nothing could be applied.'),
        warnings: z.array(findingSchema).describe('What is right, but unwise.'),
        changes: z
          .array(changeSchema)
          .nullable()
          .describe(
            'Rules that would be others than those in force; null where there are mistakes.',
          ),
      }),
      async handle({ reach, path, body }) {
        const known = await plantInSight(models, reach, path.plant);
        if (running >= AT_ONCE) {
          const detail = `expected at most ${AT_ONCE} checks at a time, found more`;
          throw new ApiProblem('too-many', detail, { after: 5 });
        }
        running += 1;
        try {
          return await checked(known, body);
        } finally {
          running -= 1;
        }
      },
    }),
  ];
}

async function checked(
  { model, rules: inForce }: KnownPlant,
  { plant, rules }: { readonly plant?: string | undefined; readonly rules?: string | undefined },
) {
  const found = await checkTexts({ plant, rules, models: [model] }).catch((error: unknown) => {
    throw error instanceof Problem ? new ApiProblem('bad-request', error.message) : error;
  });
  const { mistakes, warnings } = found;
  const isRight = found.rules !== undefined && mistakes.length === 0;
  return {
    mistakes: mistakes.map(placed),
    warnings: warnings.map(({ where, path, message }) => placed(`${where}: ${path}: ${message}`)),
    changes: isRight ? [...ruleChanges(inForce, found.rules)] : null,
  };
}

/** `rules:3:5: detectors.0.kind: expected …` */
function placed(sentence: string): z.output<typeof findingSchema> {
  const [, file = '', line = '1', column = '1', rest = sentence] =
    /^(plant|rules):(\d+):(\d+): (.*)$/s.exec(sentence) ?? [];
  return { file, line: Number(line), column: Number(column), text: rest };
}
