/** Who must hear of a request: `notify:` in `rules.yaml`. How and when people are reached is the business of the installation. */

import { z } from 'zod';
import { severitySchema } from './detector-rule.ts';
import { nameSchema } from './plant-model.ts';
import { WORKFLOW_MODES } from './workflow-rule.ts';

/**
 * Why somebody must hear: there is a request; a step of its workflow was not answered and escalates; a system refused what
 * it was asked, or a person is to decide.
 */
export const NOTICE_CAUSES = ['request', 'escalation', 'exception'] as const;
export type NoticeCause = (typeof NOTICE_CAUSES)[number];

/** The verb of all notices, and what begins the names of their steps: no step of a workflow is named so. */
export const NOTICE_VERB = 'notify';
export const NOTICE_STEP = 'notify:';

/** Of a step that is named `notify:<id>`. */
const LONGEST_ID = 48;

/** One entry of `notify:` in `rules.yaml`: one role that must hear. */
export const notifyRuleSchema = z.strictObject({
  id: nameSchema.max(LONGEST_ID),
  /** Nobody is told whom nobody has switched on. */
  mode: z.enum(WORKFLOW_MODES).default('shadow'),
  /** The role in the people file of the installation. */
  role: nameSchema,
  on: z.array(z.enum(NOTICE_CAUSES)).min(1).default(['request']),
  /** Of the request, at least. Once told, a role hears of it to its end. */
  severity: severitySchema.default('alarm'),
  /** Only for plants and classes of assets with these names (`*` for any characters). */
  plants: z.array(z.string().min(1)).min(1).default(['*']),
  classes: z.array(z.string().min(1)).min(1).default(['*']),
  /** CEL over `request`, `asset`, `order` and `slot`; without it, for every request. */
  when: z.string().min(1).max(4_096).optional(),
  /** The system of the installation that reaches people. */
  system: nameSchema.default('notify'),
});

export type NotifyRule = z.infer<typeof notifyRuleSchema>;
