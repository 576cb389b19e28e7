// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type ChangesOperations = {
  /** Server-sent events: `change` names what rows that landed are about, `reset` says that everything has to be read anew. The id of an event is its sequence in ANDON_LIVE: with `Last-Event-ID` the stream goes on where it broke off. */
  followChanges: {
    method: 'GET';
    url: '/api/v1/live';
    path: Record<never, never>;
    query: {
      after?: number;
    };
    body: undefined;
    answer: undefined;
  };
  /** This description. */
  getDescription: {
    method: 'GET';
    url: '/api/v1/openapi.json';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: Record<string, unknown>;
  };
};
