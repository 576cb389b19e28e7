import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { columnOf, readColumns } from './read-columns.ts';

/** The signals of the rig by their columns, in the order of the files. */
export const SKAB_SIGNALS: Readonly<Record<string, string>> = {
  Accelerometer1RMS: 'accelerometer1',
  Accelerometer2RMS: 'accelerometer2',
  Current: 'current',
  Pressure: 'pressure',
  Temperature: 'temperature',
  Thermocouple: 'thermocouple',
  Voltage: 'voltage',
  'Volume Flow RateRMS': 'flow',
};
/** The first rows of each file, which are learnt and not scored. */
export const LEARNT = 400;

/** One experiment: a row a second. */
export type Experiment = {
  /** `valve1/7` */
  readonly name: string;
  readonly path: string;
  readonly times: readonly number[];
  /** Values of the eight signals per row. */
  readonly rows: readonly (readonly number[])[];
  /** Labelled as anomalous. */
  readonly anomalous: readonly boolean[];
};

/** The folders of experiments; each holds another kind of fault. */
const FOLDERS = ['valve1', 'valve2', 'other'];

/** The experiments of all folders that are there. */
export async function readAllSkab(data: string): Promise<readonly Experiment[]> {
  const present = FOLDERS.filter((folder) => existsSync(join(data, folder)));
  return (await Promise.all(present.map((folder) => readSkab(data, folder)))).flat();
}

/** The experiments of a folder, by their numbers. */
export async function readSkab(data: string, folder: string): Promise<readonly Experiment[]> {
  const files = readdirSync(join(data, folder)).filter((file) => /^\d+\.csv$/.test(file));
  files.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  return Promise.all(files.map((file) => readExperiment(data, `${folder}/${file}`, true)));
}

/** Hours of the rig without a fault. */
export function readAnomalyFree(data: string): Promise<Experiment> {
  return readExperiment(data, 'anomaly-free/anomaly-free.csv', false);
}

async function readExperiment(data: string, file: string, labelled: boolean): Promise<Experiment> {
  const path = join(data, file);
  const names = Object.keys(SKAB_SIGNALS);
  const wanted = labelled ? [...names, 'anomaly'] : names;
  const table = await readColumns(path, 'datetime', wanted, ';');
  const columns = names.map((name) => columnOf(table, name));
  return {
    name: file.replace(/\.csv$/, ''),
    path,
    times: table.times,
    rows: table.times.map((_, row) => columns.map((column) => column[row] ?? 0)),
    anomalous: labelled ? columnOf(table, 'anomaly').map(Boolean) : table.times.map(() => false),
  };
}
