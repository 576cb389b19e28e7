import { identity } from '../../operators/model/canonical.ts';
import type { PlantChange } from '../nats/partition.ts';
import type { PlantEntry, RulesEntry } from './rules.ts';

/**
 * The messages that bring plants and rules into force: `model.<plant>` and `rules.<plant>`, JSON of what stands in
 * the files. All of them carry one change id, made from their content, so the same files give the same log. `migrate`:
 * workflows under way go on by these rules.
 */
export function changesOf(
  plants: readonly PlantEntry[],
  rules: Pick<RulesEntry, 'raw'> | undefined,
  { migrate = false }: { readonly migrate?: boolean } = {},
): readonly PlantChange[] {
  const bodies = plants.map(({ raw, model }) => ({
    plant: model.id,
    lines: model.lines.map(({ id }) => id),
    texts: [
      [`model.${model.id}`, JSON.stringify(raw)],
      ...(rules === undefined ? [] : [[`rules.${model.id}`, textOf(rules)]]),
    ] as const,
  }));
  const change = identity(bodies.flatMap(({ texts }) => texts.flatMap((parts) => [...parts])));
  const headers = { 'Andon-Change': change, 'Content-Type': 'application/json' };
  return bodies.map(({ plant, lines, texts }) => ({
    plant,
    lines,
    messages: texts.map(([subject = '', text = '']) => ({
      subject,
      headers:
        migrate && subject.startsWith('rules.') ? { ...headers, 'Andon-Migrate': '1' } : headers,
      payload: Buffer.from(text),
    })),
  }));
}

/**
 * Examples are for `andon test`, and what systems are assumed to answer for `andon backtest`: in the log they would be carried
 * by every stage, and change nothing.
 */
function textOf({ raw }: Pick<RulesEntry, 'raw'>): string {
  const content = typeof raw === 'object' && raw !== null ? { ...raw, assume: undefined } : raw;
  return JSON.stringify(content, (name, value: unknown) => {
    return name === 'examples' ? undefined : value;
  });
}
