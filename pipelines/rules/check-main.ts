/** The process that checks texts of a plant file and a rules file for `checkTexts`, once. */

import { watchThread } from '../../sinks/watchdog.ts';
import { FileProblem, parseYaml } from '../base/yaml-file.ts';
import type { CheckedTexts, TextsToCheck } from './check-texts.ts';
import { checksFor, type PlantEntry, plantsIn, RULES_CHECKS, rulesIn } from './rules.ts';

const [silence, memory] = process.argv.slice(2);

watchThread({ what: 'a check that', silence: Number(silence), memory: Number(memory) });
process.on('disconnect', () => process.exit());
process.on('message', (texts) => process.send?.(check(texts as TextsToCheck)));

function check({ plant, rules, models }: TextsToCheck): CheckedTexts {
  const mistakes: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      mistakes.push(...error.mistakes);
      return undefined;
    }
  };
  const read = plant === undefined ? undefined : attempt(() => plantsIn(parseYaml(plant, 'plant')));
  const known: readonly PlantEntry[] = read ?? models.map((model) => ({ raw: model, model }));
  const checks = known.length === 0 ? RULES_CHECKS : checksFor(known);
  const found =
    rules === undefined ? undefined : attempt(() => rulesIn(parseYaml(rules, 'rules'), checks));
  return { mistakes, warnings: found?.warnings ?? [], rules: found?.rules };
}
