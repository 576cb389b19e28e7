import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Prints why tests were skipped, and leaves the counts in the file that `ANDON_TEST_COUNTS` names. */
export class Report implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((test) => stateOf(test) === state);
    const skipped = inState('skipped');
    for (const test of skipped) console.log(`skipped: ${nameOf(test)} (${reasonOf(test)})`);
    // Passed at the second try: told, so that nobody takes it for calm.
    for (const test of tests)
      if (test.diagnostic()?.flaky) console.log(`tried twice: ${nameOf(test)}`);
    // A file or a hook that throws has errors without a failed test of its own.
    const broken = modules.flatMap((module) => [
      ...module.errors(),
      ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
    ]);
    const counts = {
      passed: inState('passed').length,
      failed:
        inState('failed').length + inState('pending').length + broken.length + unhandled.length,
      skipped: skipped.length,
    };
    const file = process.env.ANDON_TEST_COUNTS;
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}

/** A test of a suite within a suite that is skipped has no result: nobody wanted it to run. */
function stateOf(test: TestCase): string {
  const { state } = test.result();
  if (state !== 'pending') return state;
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent)
    if (parent.options.mode === 'skip') return 'skipped';
  return state;
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  return (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
}
