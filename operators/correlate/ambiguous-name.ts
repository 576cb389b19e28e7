import type { ASTNode } from '@marcbachmann/cel-js';
import { PACKML_STATES } from '../model/machine-event.ts';
import { isNode, type RequiredValues } from './condition-tree.ts';
import { MACHINE_FIELDS } from './event-fields.ts';

/** What a condition is known to read: with `namesData` machine events and nothing else, of these types. */
export type ConditionReads = { readonly namesData: boolean; readonly types: RequiredValues };

/**
 * A bare name that both the data of a machine event and what is known of its machine can have, with both ways to write
 * it; undefined: there is none. `readsOf`: what the condition of an earlier stage reads.
 */
export function ambiguousName(
  root: ASTNode,
  own: ConditionReads,
  readsOf: (stage: string) => ConditionReads | undefined,
): string | undefined {
  let problem: string | undefined;
  const check = (name: string, reads: ConditionReads | undefined, isState: boolean, at: string) => {
    if (problem !== undefined || !isAmbiguous(name, reads) || (name === 'state' && isState)) return;
    problem = `${at}${name} can be what the event says or what is known of its machine: expected ${at}data.${name} or ${at}asset.${name}`;
  };
  const visit = (part: unknown, parent: ASTNode | undefined): void => {
    if (Array.isArray(part)) for (const item of part) visit(item, parent);
    if (!isNode(part)) return;
    if (part.op === 'id') check(part.args, own, comparesState(parent, part), '');
    const asked = askedOf(part);
    if (asked !== undefined) {
      const { call, stage, name } = asked;
      check(name, readsOf(stage), comparesState(parent, part), call);
    }
    visit(part.args, part);
  };
  visit(root, undefined);
  return problem;
}

/** `last('a').product` or `sum('a', 'due')`. */
function askedOf(node: ASTNode) {
  if (node.op === '.') {
    const [of, name] = node.args;
    const [call = '', [stage] = []] = of.op === 'call' ? of.args : [];
    if ((call !== 'first' && call !== 'last') || stage?.op !== 'value') return undefined;
    return { call: `${call}('${String(stage.args)}').`, stage: String(stage.args), name };
  }
  if (node.op !== 'call' || node.args[0] !== 'sum') return undefined;
  const [stage, field] = node.args[1];
  if (stage?.op !== 'value' || field?.op !== 'value') return undefined;
  return { call: '', stage: String(stage.args), name: String(field.args) };
}

/** A state event sets what is known of the machine to what it says: there both are one. */
const SET_BY_STATE: ReadonlySet<string> = new Set(['state', 'mode', 'product', 'order']);

function isAmbiguous(name: string, reads: ConditionReads | undefined): boolean {
  if (reads?.namesData !== true || !MACHINE_FIELDS.has(name)) return false;
  const ofState = reads.types?.size === 1 && reads.types.has('state');
  return !(ofState && SET_BY_STATE.has(name));
}

const STATES: ReadonlySet<unknown> = new Set(PACKML_STATES);

/** Compared with states of the standard it is the state of the machine: those words are for nothing else. */
function comparesState(parent: ASTNode | undefined, node: ASTNode): boolean {
  if (parent?.op === 'in') {
    const [name, list] = parent.args;
    return name === node && list.op === 'list' && list.args.every(isState);
  }
  if (parent?.op !== '==' && parent?.op !== '!=') return false;
  const [left, right] = parent.args;
  return isState(left === node ? right : left);
}

function isState(node: ASTNode): boolean {
  return node.op === 'value' && STATES.has(node.args);
}
