import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take longest, the longest first: one that began last would run alone at the end, with the other cores idle. A
 * clean checkout has no times of earlier runs, by which vitest would find out itself.
 */
const LONGEST = [
  'faults/kills.integration',
  'faults/away.integration',
  'demo/demo.integration',
  'pipelines/real-input.integration',
  'backup/backup.integration',
  'security/stand.integration',
  'demo/plant/plant.integration',
  'bench/parts.integration',
  'sql/commands.integration',
  'faults/publisher.integration',
  'sinks/clickhouse/analysts.integration',
];

const placeOf = ({ moduleId }: TestSpecification) => {
  const place = LONGEST.findIndex((name) => moduleId.includes(name));
  return place === -1 ? LONGEST.length : place;
};

/** The order of test files; what is not listed comes behind, as vitest has it. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
