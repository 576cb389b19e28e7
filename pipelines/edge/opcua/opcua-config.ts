/** `opcua` of a source in `edge.yaml`: how a server is reached, what is trusted, and which of its nodes are wanted. */

import { z } from 'zod';
import { positiveDurationSchema } from '../../../operators/model/time.ts';
import { secretSchema } from '../../../sinks/remote/secret.ts';
import type { FileIssue } from '../../base/zod-expectations.ts';
import { parseTopic } from '../topic.ts';

/** As the specification writes a node id (part 6, 5.3.1.10), with the URI of the namespace or its index. */
const NODE_ID = /^(?:nsu=[^;]+;|ns=\d+;)?[isgb]=.+$/s;

const template = z.string().min(1).max(256);
const sampled = {
  sampling: z
    .union([z.literal(0), positiveDurationSchema])
    .optional()
    .describe('How often the server looks at a value, 0: with each change;'),
  queue: z.int().min(1).max(100_000).optional().describe('values that it keeps until they go,'),
  discard: z.enum(['oldest', 'newest']).optional().describe('and which one it drops then.'),
};

const nodeSchema = z
  .strictObject({
    node: z
      .string()
      .regex(NODE_ID, 'expected a node id: nsu=URI;s=name, ns=2;s=name, ns=2;i=7')
      .optional(),
    path: z
      .string()
      .refine((text) => parseTopic(text) !== undefined, {
        message: 'expected browse names with /, each a text, {name}, or at the end {name...}',
      })
      .optional()
      .describe('Below Objects: Press line/{machine}/{tag...}'),
    machine: template.default('{machine}').describe('What is looked up in assets.'),
    tag: template.optional().describe('What is looked up in signals.'),
    clock: z.enum(['source', 'server', 'arrival']).default('source').describe('Whose time counts.'),
    ...sampled,
    deadband: z
      .union([
        z.number().positive(),
        z.string().regex(/^(?:100|\d{1,2}(?:\.\d+)?)%$/, 'expected a number, or 5%'),
      ])
      .optional()
      .describe('Least change that the server reports; per cent: of the range of the value.'),
  })
  .superRefine(({ node, path, machine, tag }, context) => {
    const say = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if ((node === undefined) === (path === undefined)) {
      say(node === undefined ? 'node' : 'path', 'expected node or path, and not both');
    }
    const names = new Set(['node', 'name', ...(path === undefined ? [] : namesIn(path))]);
    for (const [field, text] of Object.entries({ machine, tag })) {
      for (const [, name = ''] of text?.matchAll(/\{([^{}]+)\}/g) ?? []) {
        if (names.has(name)) continue;
        say(field, `expected one of ${[...names].map((each) => `{${each}}`).join(', ')}`);
      }
    }
  });

function namesIn(path: string): readonly string[] {
  return ['path', ...(parseTopic(path)?.names ?? []).filter((name) => name !== undefined)];
}

export const SECURITY_POLICIES = [
  'None',
  'Basic256Sha256',
  'Aes128_Sha256_RsaOaep',
  'Aes256_Sha256_RsaPss',
] as const;

export const opcuaSchema = z.strictObject({
  endpoint: z.string().regex(/^opc\.tcp:\/\/[^\s/]+/, 'expected opc.tcp://host:port'),
  policy: z.enum(SECURITY_POLICIES).default('Basic256Sha256'),
  mode: z.enum(['None', 'Sign', 'SignAndEncrypt']).default('SignAndEncrypt'),
  folder: z
    .string()
    .min(1)
    .default('edge-opcua')
    .describe('Own certificate (made if absent), what is trusted, where subscriptions stand.'),
  server: z.string().optional().describe('Path: the one certificate that the server may have.'),
  user: secretSchema.optional(),
  password: secretSchema.optional(),
  certificate: z.string().optional().describe('Path: logs in with this certificate (PEM).'),
  privateKey: z.string().optional().describe('Path: of that certificate (PEM).'),
  publishing: positiveDurationSchema.prefault('500ms').describe('How often values are sent.'),
  ...sampled,
  lifetime: positiveDurationSchema
    .prefault('10m')
    .describe('How long the server keeps a subscription that nobody asks for.'),
  answer: positiveDurationSchema.prefault('10s').describe('Longest wait for an answer.'),
  retry: positiveDurationSchema.prefault('30s').describe('Between tries with a bad node.'),
  history: z
    .union([z.literal('none'), positiveDurationSchema])
    .prefault('1h')
    .describe('Most that is read again after a lost subscription.'),
  nodes: z.array(nodeSchema).min(1).max(10_000),
});

export type OpcuaConfig = z.output<typeof opcuaSchema>;
export type OpcuaNode = OpcuaConfig['nodes'][number];

/** What two fields say that does not go together. */
export function issuesOfOpcua(
  config: OpcuaConfig,
  where: readonly (string | number)[],
): readonly FileIssue[] {
  const issues: FileIssue[] = [];
  const say = (field: string, message: string) => issues.push({ path: [...where, field], message });
  if ((config.policy === 'None') !== (config.mode === 'None')) {
    say('mode', `expected ${config.policy === 'None' ? 'None' : 'Sign or SignAndEncrypt'}`);
  }
  if (config.server !== undefined && config.mode === 'None') {
    say('server', 'expected a mode with certificates beside it: Sign or SignAndEncrypt');
  }
  if ((config.user === undefined) !== (config.password === undefined)) {
    say(config.user === undefined ? 'password' : 'user', 'expected user and password, or neither');
  }
  if ((config.certificate === undefined) !== (config.privateKey === undefined)) {
    const field = config.certificate === undefined ? 'privateKey' : 'certificate';
    say(field, 'expected certificate and privateKey, or neither');
  }
  if (config.user !== undefined && config.certificate !== undefined) {
    say('user', 'expected a user with a password or a certificate, not both');
  }
  if (config.lifetime < 3 * config.publishing) {
    say('lifetime', 'expected at least three times publishing');
  }
  return issues;
}
