import { openYamlFile } from '../../../pipelines/base/yaml-file.ts';
import { type CmmsConfig, cmmsConfigSchema } from '../../../sinks/remote/config.ts';

/**
 * Reads the description of a CMMS (`docs/cmms.md`). Rejects with a `Problem` that lists everything that is wrong, each
 * with file, line and column.
 */
export async function readCmmsFile(path: string): Promise<CmmsConfig> {
  const file = openYamlFile(path);
  const result = cmmsConfigSchema.safeParse(file.data);
  if (result.success) return result.data;
  file.report(result.error, []);
  throw result.error;
}
