import type { Command } from 'commander';
import { readConfig } from '../base/config.ts';
import { inColumns } from '../base/in-columns.ts';
import { EXIT, wrongInput } from '../base/problem.ts';
import {
  checkQuality,
  keepQuality,
  type PlantScore,
  type QualityFinding,
  type QualityReport,
  readQualityChecks,
} from '../governance/quality.ts';
import { opensAsOwner, withWarehouse } from '../warehouse/warehouse.ts';

type Options = {
  readonly check?: string;
  readonly plant?: string;
  readonly list?: true;
  readonly config?: string;
  readonly json?: true;
};

/** Adds `andon quality`: what is wrong with master data, who answers for it, and what could be done. */
export function registerQuality(command: Command): void {
  command
    .option('--check <name>', 'show findings of this check alone')
    .option('--plant <plant>', 'show findings of this plant alone')
    .option('--list', 'the checks, each with the question that it asks')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      `\nIt looks at what andon sync has copied, and keeps what it finds in master_quality. Exit code ${EXIT.differs}: something is shown.`,
    )
    .action(quality);
}

async function quality({ check, plant, list, config, json }: Options): Promise<void> {
  const checks = readQualityChecks();
  if (list === true) {
    console.log(inColumns(checks.map(({ name, question }) => [name, question])));
    return;
  }
  if (check !== undefined && !checks.some(({ name }) => name === check)) {
    const names = checks.map(({ name }) => name).join(', ');
    throw wrongInput('--check', `one of ${names}`, check);
  }
  const report = await withWarehouse(config, async (warehouse, database) => {
    const found = await checkQuality(warehouse.client, Date.now);
    // Whoever may only read looks, and nothing is kept.
    if (await opensAsOwner(readConfig(config))) await keepQuality(warehouse, database, found);
    return found;
  });
  const findings = report.findings.filter(
    (one) =>
      (check === undefined || one.check === check) && (plant === undefined || one.plant === plant),
  );
  const shown = { ...report, findings };
  console.log(json === true ? JSON.stringify(shown, null, 2) : textOfQuality(shown));
  if (findings.length > 0) process.exitCode = EXIT.differs;
}

function textOfQuality({ time, checks, findings, scores }: QualityReport): string {
  const count = findings.length === 1 ? 'one finding' : `${findings.length} findings`;
  return [
    ...findings.map((finding) => textOfFinding(finding, time)),
    ...(findings.length === 0 ? [] : ['']),
    inColumns(
      [['plant', 'objects', 'flagged', 'score'], ...scores.map(rowOfScore)],
      new Set([1, 2, 3]),
    ),
    `${checks} checks, ${count}`,
  ].join('\n');
}

function textOfFinding(
  { check, plant, system, owner, since, text, proposal }: QualityFinding,
  now: number,
): string {
  const place = plant === '' ? system : `${plant}, ${system}`;
  const days = Math.floor((now - since) / 86_400_000);
  const age = days === 0 ? 'new today' : days === 1 ? 'for a day' : `for ${days} days`;
  const of = owner === '' ? 'nobody owns it' : owner;
  return `${check} (${place}; ${of}; ${age})\n  ${text}.\n  ${proposal}`;
}

function rowOfScore({ plant, objects, flagged, score }: PlantScore): readonly string[] {
  const share = score === null ? '' : `${(score * 100).toFixed(1)} %`;
  return [plant === '' ? '(no plant)' : plant, String(objects), String(flagged), share];
}
