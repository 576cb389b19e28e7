import type { Command } from 'commander';
import { inColumns } from '../base/in-columns.ts';
import { EXIT, wrongInput } from '../base/problem.ts';
import {
  comparePlant,
  findCollisions,
  makeAgain,
  type PlantDifferences,
} from '../governance/compare-plants.ts';
import { MADE_FROM, newPlant } from '../governance/plant-template.ts';

type NewOptions = {
  readonly template?: string;
  readonly set: readonly string[];
  readonly again?: true;
  readonly force?: true;
};
type Shown = { readonly json?: true };

/** Adds `andon plant`: a plant from a template, how it differs from that, and what collides with another installation. */
export function registerPlant(command: Command): void {
  command
    .command('new <folder>')
    .description(`make the files of a plant from a template, and ${MADE_FROM}, which says so`)
    .option('--template <folder>', 'such as examples/templates/press-line')
    .option('--set <name=value...>', 'parameters of the template', [])
    .option('--again', `make the files anew, after a change of ${MADE_FROM} or of the template`)
    .option('--force', 'with --again: what was changed by hand is taken back')
    .action(makePlant);
  command
    .command('diff <folder>')
    .description('what a plant has otherwise than its template and why, and how much is shared')
    .option('--json', 'the result as JSON')
    .addHelpText('after', `\nExit code ${EXIT.differs}: something was changed by hand.`)
    .action(diff);
  command
    .command('merge <first> <second>')
    .description('whether two plant models collide when two installations become one, and a plan')
    .option('--json', 'the result as JSON')
    .addHelpText('after', `\nChanges nothing. Exit code ${EXIT.differs}: something collides.`)
    .action(merge);
}

function makePlant(folder: string, { template, set, again, force }: NewOptions): void {
  if (again === true) {
    const written = makeAgain(folder, force === true);
    console.log(written.length === 0 ? 'all is as it should be' : `written: ${written.join(', ')}`);
    return;
  }
  if (template === undefined) throw wrongInput('--template', 'a folder', 'none');
  const given = set.map((one): [string, string] => {
    const [, name = '', value = ''] = /^([a-z_]+)=(.+)$/s.exec(one) ?? [];
    if (name !== '') return [name, value];
    throw wrongInput('--set', 'name=value', one);
  });
  console.log(`written: ${newPlant(folder, template, Object.fromEntries(given)).join(', ')}`);
}

function diff(folder: string, { json }: Shown): void {
  const found = comparePlant(folder);
  console.log(json === true ? JSON.stringify(found, null, 2) : textOfPlant(found));
  if (found.differences.some(({ why }) => why === undefined)) process.exitCode = EXIT.differs;
}

function textOfPlant({ differences, values, shared }: PlantDifferences): string {
  const lines = differences.map(({ file, at, template = 'nothing', found = 'nothing', why }) => {
    return `${file} ${at}: ${template} → ${found} (${why ?? 'by hand: no overlay says why'})`;
  });
  const share = values === 0 ? '' : ` (${((100 * shared) / values).toFixed(1)} %)`;
  return [...lines, `${shared} of ${values} values are the template's${share}`].join('\n');
}

async function merge(first: string, second: string, { json }: Shown): Promise<void> {
  const found = await findCollisions(first, second);
  if (json === true) console.log(JSON.stringify(found, null, 2));
  else if (found.length === 0) console.log('nothing collides');
  else {
    const rows = found.map(({ kind, name, first: one, second: other }) => [kind, name, one, other]);
    console.log(inColumns([['what', 'name', 'first', 'second'], ...rows]));
    for (const { name, plan } of found) console.log(`${name}: ${plan}`);
  }
  if (found.length > 0) process.exitCode = EXIT.differs;
}
