/** The command of a group that runs when none is named. */

import type { Command } from 'commander';
import { wrongInput } from '../base/problem.ts';

/** Adds it. A word that is none of the group is said to be none, instead of being too much for the default. */
export function addDefaultCommand(group: Command, name: string): Command {
  return group
    .command(name, { isDefault: true })
    .allowExcessArguments(true)
    .hook('preAction', (_group, { args }) => {
      const [found] = args;
      if (found === undefined) return;
      const known = group.commands.map((command) => command.name()).join(', ');
      const where = `andon ${group.name()}`;
      throw wrongInput(where, `one of ${known}`, found, `See ${where} --help.`);
    });
}
