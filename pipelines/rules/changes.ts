import { identity } from '../../operators/model/canonical.ts';
import type { PlantChange } from '../nats/partition.ts';
import type { PlantEntry, RulesEntry } from './rules.ts';

/**
 * The messages that bring plants and rules into force: `model.<plant>` and `rules.<plant>`, JSON of what stands in
 * the files. All of them carry one change id, made from their content, so the same files give the same log.
 */
export function changesOf(
  plants: readonly PlantEntry[],
  rules: RulesEntry | undefined,
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
      headers,
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
