/** Rules as they are published, in which every step of a workflow that is in shadow is on: to be tried, and never sent. */

export function withoutShadow(rules: unknown): unknown {
  if (!isMapping(rules)) return rules;
  const { workflows, notify } = rules;
  return {
    ...rules,
    ...(Array.isArray(workflows) ? { workflows: workflows.map(switchedOn) } : {}),
    ...(Array.isArray(notify) ? { notify: notify.map(stepOn) } : {}),
  };
}

function switchedOn(workflow: unknown): unknown {
  if (!isMapping(workflow)) return workflow;
  const steps = Array.isArray(workflow.steps) ? workflow.steps.map(stepOn) : workflow.steps;
  return { ...workflow, steps, mode: workflow.mode === 'off' ? 'off' : 'on' };
}

function stepOn(step: unknown): unknown {
  return isMapping(step) && step.mode === 'shadow' ? { ...step, mode: 'on' } : step;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
