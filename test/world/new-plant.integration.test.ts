import { expect } from 'vitest';
import { followDocument } from '../support/follow-document.ts';
import { longTest } from '../support/long.ts';

longTest(
  'a plant from a template has its first request by the steps of docs/governance.md',
  180_000,
  async () => {
    const { commands, said } = await followDocument('docs/governance.md', 'new-plant');
    expect(commands.length).toBeLessThanOrEqual(30);
    expect(said.get('plant diff')).toMatch(
      /^(\d+) of \1 values are the template's \(100\.0 %\)\n$/,
    );
    expect(said.get('requests')).toMatch(/ sent .* WR-00001 +2\/2 /);
    expect(said.get('requests')).toContain('berlin/stamping/pump1');
  },
);
