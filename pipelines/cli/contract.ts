import type { Command } from 'commander';
import { EXIT } from '../base/problem.ts';
import { type ContractChange, checkContracts, isAnnounced } from '../contracts/check-contracts.ts';
import { readCatalogue, readConsumers } from '../contracts/contract.ts';

type Options = { readonly consumers?: string; readonly all?: true; readonly json?: true };

/** Adds `andon contract`: what a release changes in what others send and read. */
export function registerContract(command: Command): void {
  command
    .command('check')
    .description('what the newer of two catalogues breaks, and for whom')
    .argument('<old>', 'docs/catalogue/contracts.json of the release that is in use')
    .argument('<new>', 'the same of the release to come')
    .option('--consumers <file>', 'YAML: which programs use which contracts and fields')
    .option('--all', 'also what breaks nobody')
    .option('--json', 'all changes as JSON, one a line')
    .addHelpText(
      'after',
      `\nExit code ${EXIT.breaking}: something breaks, and its contract has no higher version.`,
    )
    .action(check);
}

function check(old: string, now: string, { consumers, all, json }: Options): void {
  const [before, after] = [readCatalogue(old), readCatalogue(now)];
  const known = new Set([...before.contracts, ...after.contracts].map(({ id }) => id));
  const users = consumers === undefined ? [] : readConsumers(consumers, known);
  const changes = checkContracts(before, after, users);
  if (!isAnnounced(changes)) process.exitCode = EXIT.breaking;
  if (json === true) {
    for (const change of changes) console.log(JSON.stringify(change));
    return;
  }
  const breaking = changes.filter((change) => change.breaking);
  for (const change of all === true ? changes : breaking) console.log(sentenceOfChange(change));
  const silent = breaking.filter((change) => !change.announced).length;
  const rest = changes.length - breaking.length;
  console.log(
    `${before.andon} → ${after.andon}: ${breaking.length} breaking (${silent} without a higher version), ${rest} others`,
  );
}

function sentenceOfChange(change: ContractChange): string {
  const { contract, path, breaking, announced, what, consumers } = change;
  const kind = !breaking ? 'harmless' : announced ? 'announced' : 'BREAKING';
  const place = path === '' ? contract : `${contract} ${path}`;
  const users = consumers.length === 0 ? '' : ` (used by ${consumers.join(', ')})`;
  return `${kind}: ${place} ${what}${users}`;
}
