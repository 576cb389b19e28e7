// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type SessionOperations = {
  /** Begins a session by name and password; the answer sets its cookie. */
  signIn: {
    method: 'POST';
    url: '/api/v1/session';
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      name: string;
      password: string;
    };
    answer: {
      /** Opaque: what the log has of a person. */
      id: string;
      name: string;
      roles: Array<{
        role: 'viewer' | 'operator' | 'technician' | 'supervisor' | 'planner' | 'engineer' | 'analyst' | 'manager' | 'administrator';
        plant?: string;
        line?: string;
      }>;
      rights: Array<{
        act: string;
        everywhere: boolean;
        plants: Array<string>;
        /** `plant/line`. */
        lines: Array<string>;
      }>;
      /** How they signed in. A session by the provider is ended by leaveProvider. */
      by: 'password' | 'provider' | 'key';
      /** To be sent with each act as X-Andon-CSRF; null for programs, which have no session. */
      csrf: string | null;
    };
  };
  /** Ends the session. */
  signOut: {
    method: 'DELETE';
    url: '/api/v1/session';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: undefined;
  };
  /** Who one is, and what one may do. */
  getMe: {
    method: 'GET';
    url: '/api/v1/me';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      /** Opaque: what the log has of a person. */
      id: string;
      name: string;
      roles: Array<{
        role: 'viewer' | 'operator' | 'technician' | 'supervisor' | 'planner' | 'engineer' | 'analyst' | 'manager' | 'administrator';
        plant?: string;
        line?: string;
      }>;
      rights: Array<{
        act: string;
        everywhere: boolean;
        plants: Array<string>;
        /** `plant/line`. */
        lines: Array<string>;
      }>;
      /** How they signed in. A session by the provider is ended by leaveProvider. */
      by: 'password' | 'provider' | 'key';
      /** To be sent with each act as X-Andon-CSRF; null for programs, which have no session. */
      csrf: string | null;
    };
  };
  /** How people sign in here: by local accounts, by a provider, or by both. */
  getSignInWays: {
    method: 'GET';
    url: '/api/v1/session/ways';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      /** Whether local accounts sign in. */
      local: boolean;
      provider: {
        name: string;
        /** Address that leads a browser to the provider. */
        begin: string;
        /** Claims in which roles are looked for. */
        claims: Array<string>;
      } | null;
    };
  };
  /** Leads a browser to the provider (303). */
  beginSignOn: {
    method: 'GET';
    url: '/api/v1/session/provider';
    path: Record<never, never>;
    query: {
      place?: string;
      again?: 'true';
    };
    body: undefined;
    answer: undefined;
  };
  /** Where the provider sends a browser back to: begins a session, and leads to the page (303). */
  finishSignOn: {
    method: 'GET';
    url: '/api/v1/session/provider/callback';
    path: Record<never, never>;
    query: {
      code?: string;
      state?: string;
      iss?: string;
      error?: string;
      error_description?: string;
    };
    body: undefined;
    answer: undefined;
  };
  /** Ends the session, and says where the one at the provider ends. */
  leaveProvider: {
    method: 'POST';
    url: '/api/v1/session/provider/end';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      /** Address that a browser goes to; null where the provider offers none. */
      next: string | null;
    };
  };
};
