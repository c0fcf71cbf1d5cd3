/** As much of packages without types of their own as the tests use. */
declare module 'oidc-provider' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http';

  interface Model {
    jti: string;
    /** Stores it for `ttl` seconds and answers its value. */
    save(ttl?: number): Promise<string>;
  }
  interface ModelClass {
    new (properties: Record<string, unknown>): Model;
  }
  interface Grant extends Model {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
  }
  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    readonly Client: { find(id: string): Promise<object | undefined> };
    readonly Grant: new (properties: {
      clientId: string;
      accountId: string;
    }) => Grant;
    readonly AuthorizationCode: ModelClass;
    readonly AccessToken: ModelClass;
    readonly RefreshToken: ModelClass;
    readonly Session: ModelClass;
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    interactionDetails(
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<{ prompt: { name: string }; params: Record<string, unknown>; session?: { accountId: string } }>;
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
    listen(port: number): Server;
  }
}
declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  /** `store` has the methods of a Map. */
  export default class MemoryAdapter {
    constructor(model: string, store?: unknown);
  }
}

declare module 'autocannon' {
  interface Request {
    method: string;
    path: string;
    headers?: Record<string, string>;
    body?: string;
    setupRequest?: (request: Request, context: Record<string, unknown>) => Request;
    onResponse?: (status: number, body: string, context: Record<string, unknown>, headers: Record<string, string | string[]>) => void;
  }
  interface Result {
    duration: number;
    errors: number;
    non2xx: number;
    '4xx': number;
    '5xx': number;
    requests: { total: number };
    latency: { p50: number; p99: number };
  }
  export default function autocannon(options: { url: string; connections: number; duration: number; requests: Request[] }): Promise<Result>;
}
