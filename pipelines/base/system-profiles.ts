/**
 * The systems of a configuration. Each is a profile: a file of its own, perhaps with other values for this installation, or
 * what stands in the configuration itself.
 */

import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import {
  type SystemConfig,
  systemConfigSchema,
  systemNameSchema,
} from '../../sinks/remote/system-config.ts';
import { type Overlay, openYamlFile } from './yaml-file.ts';

/** Kept as it is written, because whoever uses it reads it again. */
const writtenSchema = z.union(
  [z.string().min(1), z.looseObject({ profile: z.string().min(1).optional() })],
  'the file of a profile, or a profile',
);

/** By name. A profile that stands in here is checked in here, so that a mistake has its line. */
export const systemsSchema = z
  .record(systemNameSchema, writtenSchema)
  .superRefine((systems, context) => {
    for (const [name, written] of Object.entries(systems)) {
      if (typeof written === 'string' || written.profile !== undefined) continue;
      for (const issue of systemConfigSchema.safeParse({ ...written, name }).error?.issues ?? []) {
        context.addIssue({ ...issue, path: [name, ...issue.path] });
      }
    }
  });
type WrittenSystems = z.output<typeof systemsSchema>;

/**
 * The systems that take commands; undefined where none are described. A profile is found from the folder of the
 * configuration. Throws a `Problem` that lists every mistake of a profile with its line.
 */
export function readSystems(
  written: WrittenSystems | undefined,
  file: string | undefined,
): readonly SystemConfig[] | undefined {
  if (written === undefined) return undefined;
  const folder = file === undefined ? '.' : dirname(file);
  return Object.entries(written).map(([name, system]) => {
    if (typeof system === 'string') return readProfile(name, resolve(folder, system), {});
    const { profile, ...others } = system;
    if (profile === undefined) return systemConfigSchema.parse({ ...others, name });
    return readProfile(name, resolve(folder, profile), others);
  });
}

/** `others`: values of the configuration that take the place of those of the profile. */
function readProfile(
  name: string,
  path: string,
  others: Readonly<Record<string, unknown>>,
): SystemConfig {
  const overlays = Object.entries({ ...others, name }).map(
    ([field, value]): Overlay => ({
      name: `systems.${name}.${field}`,
      path: [field],
      value,
      text: typeof value === 'string' ? value : JSON.stringify(value),
    }),
  );
  const source = openYamlFile(path, overlays);
  const parsed = systemConfigSchema.safeParse(source.data);
  if (parsed.success) return parsed.data;
  source.report(parsed.error, []);
  throw parsed.error;
}
