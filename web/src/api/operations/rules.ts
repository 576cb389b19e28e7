// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type RulesOperations = {
  /** The rules in force, with how often each spoke and was right; since when they are, and who applied them. */
  getRules: {
    method: 'GET';
    url: '/api/v1/plants/{plant}/rules';
    path: {
      plant: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      rules: Array<{
        id: string;
        family: 'detector' | 'pattern' | 'trigger';
        /** Of a detector; empty for the others. */
        kind: string;
        /** Its signal, or what it waits for, in words. */
        about: string;
        /** Alarms, incidents or requests of the latest thirty days. */
        raised: number;
        /** When it last did; null: never that anybody knows. */
        latest: string | null;
        /** How often people said whether it was right. */
        answers: number;
        /** Share of those that were right; null without an answer. */
        precision: number | null;
        /** As it stands in the rules. */
        definition: Record<string, unknown>;
        /** Of a detector with a fixed limit: what it is about, for its trace; at most two hundred. */
        subjects: Array<{
          line: string;
          asset: string;
          signal: string;
          point: string;
        }>;
      }>;
      /** When rules were applied, the newest first: it is in force. */
      changes: Array<{
        change: string;
        time: string;
        sequence: number;
        /** Opaque id of whoever applied it; empty where nobody knows. */
        who: string;
        /** Of that person; empty where none is known, or was erased. */
        name: string;
      }>;
      /** What can never match, one sentence each. */
      never: Array<string>;
    };
  };
  /** What a detector with a fixed limit evaluated lately, and what other limits would have raised. */
  getRuleTrace: {
    method: 'GET';
    url: '/api/v1/assets/{plant}/{line}/{asset}/rules/{rule}/trace';
    path: {
      plant: string;
      line: string;
      asset: string;
      rule: string;
    };
    query: {
      signal: string;
      point?: string;
      side?: 'above' | 'below';
      days?: number;
      points?: number;
    };
    body: undefined;
    answer: {
      rule: string;
      side: 'above' | 'below';
      /** In force. */
      limit: number;
      /** Statistic of the windows; empty for a feature. */
      of: string;
      /** What the rule evaluates. */
      series: {
        signal: string;
        unit: string | null;
        description: string | null;
        range: [number, number] | null;
        /** Limits of the rules in force. */
        limits: Array<{
          rule: string;
          kind: 'above' | 'below';
          value: number;
          /** Of which statistic of its window, where it is not the reading. */
          of: string;
          severity: string;
        }>;
        from: string;
        to: string;
        /** Milliseconds of a point. */
        step: number;
        /** From which table the points were made. */
        source: 'readings' | 'minutes' | 'hours' | 'windows' | 'features';
        /** Milliseconds since 1970: the latest reading of each point. */
        times: Array<number>;
        least: Array<number>;
        greatest: Array<number>;
        latest: Array<number>;
      };
      /** Windows or bursts that were tried. */
      values: number;
      /** When the machine failed. */
      failures: Array<string>;
      /** Ascending; the one in force among them. */
      limits: Array<{
        limit: number;
        alarms: number;
        per_month: number;
        /** Failures before which an alarm stood. */
        warned: number;
        /** Median, from that alarm to the failure. */
        lead_hours: number | null;
      }>;
      /** Conditions of the rule that were not tried. */
      left_out: Array<string>;
    };
  };
  /** Checks a plant file and a rules file as `andon apply --check` does, and says which rules would be others. Nothing is applied. */
  checkRules: {
    method: 'POST';
    url: '/api/v1/plants/{plant}/rules/checks';
    path: {
      plant: string;
    };
    query: Record<never, never>;
    body: {
      /** YAML of a plant file; without it the plant in force. */
      plant?: string;
      /** YAML of a rules file; without it only the plant file is checked. */
      rules?: string;
    };
    answer: {
      /** With one of them nothing could be applied. */
      mistakes: Array<{
        /** plant or rules. */
        file: string;
        line: number;
        column: number;
        /** What was expected, and what was found. */
        text: string;
      }>;
      /** What is right, but unwise. */
      warnings: Array<{
        /** plant or rules. */
        file: string;
        line: number;
        column: number;
        /** What was expected, and what was found. */
        text: string;
      }>;
      /** Rules that would be others than those in force; null where there are mistakes. */
      changes: Array<{
        family: 'windows' | 'detectors' | 'patterns' | 'triggers' | 'workflows';
        id: string;
        change: 'added' | 'changed' | 'removed';
      }> | null;
    };
  };
};
