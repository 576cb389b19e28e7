import { z } from 'zod';

const workSchema = z.object({
  id: z.string(),
  external_key: z.string(),
  asset: z.string(),
  title: z.string(),
  status: z.string(),
  revision: z.number().nullable(),
  parts: z.array(z.string()),
  hours: z.number().nullable(),
  created: z.string().transform((text) => Date.parse(text)),
});
/** A work request of the reference CMMS; `created` in milliseconds of the clock. */
export type CmmsWork = z.infer<typeof workSchema>;

const listSchema = z.object({ items: z.array(workSchema) });

/** Everything that the reference CMMS holds. Rejects when it does not answer. */
export async function askCmms(cmms: {
  readonly url: string;
  readonly token: string;
}): Promise<readonly CmmsWork[]> {
  const response = await fetch(`${cmms.url}/api/work-requests`, {
    headers: { Authorization: `Bearer ${cmms.token}` },
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) throw new Error(`the CMMS answers ${response.status}`);
  return listSchema.parse(await response.json()).items;
}
