/** Settings of the console, and of signing in by OpenID Connect: where the provider is, which claims give which roles. */

import { z } from 'zod';
import { secretSchema } from '../../sinks/remote/secret.ts';
import { parseHeldRole } from './api-roles.ts';

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether what goes there is encrypted, or does not leave this machine. */
export function isGuardedAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}

const address = z
  .string()
  .refine(
    isGuardedAddress,
    'expected an https:// address (http:// only on this machine: codes and tokens go there)',
  );

const roleByClaimSchema = z.strictObject({
  claim: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('Name of the claim; a list of names leads into objects: [realm_access, roles].'),
  value: z.string().min(1).describe('The whole value, or one of its values.'),
  role: z
    .string()
    .refine(
      (text) => parseHeldRole(text) !== undefined,
      'expected a role such as viewer, operator@works or operator@works/press',
    )
    .describe('As `andon console account add --role` takes it.'),
});

export const openIdSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(64)
    .default('Single sign-on')
    .describe('Of the provider, on the button of the sign-in page; Single sign-on.'),
  issuer: address.describe('Of the provider, exactly as it calls itself.'),
  client: z.string().min(1).describe('Id of the console at the provider.'),
  secret: secretSchema
    .optional()
    .describe('Of that client; also { env } or { file }. Without it the client is public.'),
  page: address
    .transform((text) => text.replace(/\/+$/, ''))
    .describe('Address of the page as browsers see it, with the base path.'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'expected scopes without blanks'))
    .default(['openid', 'profile'])
    .refine((scopes) => scopes.includes('openid'), 'expected openid among the scopes')
    .describe(
      'openid and profile; with offline_access roles are asked for again without the person.',
    ),
  prompt: z
    .enum(['login', 'consent', 'select_account'])
    .optional()
    .describe('What the provider has to ask; without it what it wants.'),
  maxAge: z
    .int()
    .positive()
    .optional()
    .describe('Seconds since the person showed the provider who they are, at most.'),
  renew: z
    .int()
    .min(60)
    .max(86_400)
    .default(3_600)
    .describe('Seconds after which roles are asked for again; 3600.'),
  clockTolerance: z
    .int()
    .min(0)
    .max(300)
    .default(30)
    .describe('Seconds by which the clocks of provider and console may differ; 30.'),
  roles: z
    .array(roleByClaimSchema)
    .min(1)
    .describe('Who may what: claims that are not listed give nothing.'),
  local: z
    .boolean()
    .default(true)
    .describe('true; with false nobody signs in by a local account. Keys of programs go on.'),
});

export type OpenIdSettings = z.output<typeof openIdSchema>;

/** The page is where the console shows it: else no answer of the provider ever reaches it. */
export function checkPageAddress(
  { base, oidc }: { readonly base: string; readonly oidc?: OpenIdSettings | undefined },
  context: z.RefinementCtx,
): void {
  if (oidc === undefined || !URL.canParse(oidc.page)) return;
  const { pathname, search, hash } = new URL(oidc.page);
  if (pathname.replace(/\/$/, '') === base && search === '' && hash === '') return;
  const path = base === '' ? 'no path' : `the path ${base}, which is console.base`;
  context.addIssue({
    code: 'custom',
    path: ['oidc', 'page'],
    message: `expected an address with ${path}, and nothing behind it`,
  });
}

/** Host and port alone, without a path. */
const ORIGIN = /^https?:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?$/;

export const port = z.int().min(0).max(65_535);

const consoleShape = z.strictObject({
  host: z.string().default('127.0.0.1').describe('0.0.0.0 lets other machines open the page.'),
  port: port.default(8080).describe('Of the page and the API; 0: any free port.'),
  base: z
    .string()
    .regex(/^(?:\/[A-Za-z0-9_-]+)*$/, 'expected a path such as /andon, without a slash at its end')
    .default('')
    .describe('The path below which a gateway shows it.'),
  proxies: z
    .array(z.string())
    .default([])
    .describe('Addresses of gateways whose X-Forwarded-… headers are believed.'),
  tls: z
    .strictObject({
      certificate: z.string().describe('Path (PEM).'),
      privateKey: z.string().describe('Path (PEM).'),
    })
    .optional()
    .describe('Without it, a gateway in front encrypts.'),
  directory: z
    .string()
    .optional()
    .describe('Accounts and sessions; without it the folder console in directory.'),
  frames: z
    .array(z.string().regex(ORIGIN, 'expected an origin such as https://portal.example.com'))
    .default([])
    .describe('Origins of pages that may show views of this one in a frame.'),
  rate: z.int().positive().default(1_200).describe('Requests of one user in a minute.'),
  oidc: openIdSchema.optional().describe('Signing in by OpenID Connect: see docs/console.md.'),
});
export const consoleSchema = consoleShape.superRefine(checkPageAddress);
