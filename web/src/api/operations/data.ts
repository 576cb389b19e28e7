// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type DataOperations = {
  /** What left the main way and why, newest first: one entry for each epoch, reason, stage and source. */
  getDeadLetters: {
    method: 'GET';
    url: '/api/v1/dead-letters';
    path: Record<never, never>;
    query: {
      limit?: number;
      cursor?: string;
      reason?: string;
      source?: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        stream: string;
        sequence: number;
        last_sequence: number;
        appended: string;
        reason: string;
        stage: string;
        /** Subject, asset or rule that it came from. */
        source: string;
        /** Readings or messages. */
        count: number;
        detail: string;
        /** The first three, shortened. */
        originals: Array<string>;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
};
